// Reads the screen: waits until something is to be read on it, and says what was there instead when it is not.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame, Locator, Page } from './playwright.ts';

/** ms, on a machine that has more to do. */
const PATIENCE = 30_000;

/** Looks until something is found; else, after `limit` ms, throws with what was looked for. */
export async function found<T>(
  look: () => Promise<T | undefined>,
  what: () => string,
  limit = PATIENCE,
): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > end) throw new Error(`not so: ${what()}`);
    await sleep(100);
  }
}

/** Waits until `check` says so. */
export async function until(check: () => Promise<boolean>, what: () => string): Promise<void> {
  await found(async () => ((await check()) ? true : undefined), what);
}

/** Waits until one of the elements matches (`limit` ms); gives its text. */
export async function waitForText(elements: Locator, expected: RegExp, limit?: number): Promise<string> {
  let seen: readonly string[] = [];
  return found(
    async () => {
      seen = (await elements.allInnerTexts()).map(plain);
      return seen.find((text) => expected.test(text));
    },
    () => `one matches ${String(expected)}; there is: ${seen.join(' | ')}`,
    limit,
  );
}

/** Waits until an element that has no text of its own is labelled so for screen readers. */
export async function waitForLabel(element: Locator, expected: RegExp): Promise<void> {
  let seen: string | null = null;
  await until(
    async () => {
      seen = await element.getAttribute('aria-label');
      return seen !== null && expected.test(seen);
    },
    () => `the label matches ${String(expected)}; it is '${seen}'`,
  );
}

/** Text after a line is the content of a pseudo-element, which only the computed style tells. */
async function textsAfterLines(page: Page): Promise<readonly string[]> {
  const script = `[...document.querySelectorAll('.view-line span')]
    .map((span) => getComputedStyle(span, '::after').content).filter((content) => content.startsWith('"'))`;
  return ((await page.evaluate(script)) as string[]).map((text) => plain(text.slice(1, -1)));
}

/** The texts after lines, once one matches. */
export async function drawnAfterLines(page: Page, expected: RegExp): Promise<readonly string[]> {
  let seen: readonly string[] = [];
  return found(
    async () => {
      seen = await textsAfterLines(page);
      return seen.some((text) => expected.test(text)) ? seen : undefined;
    },
    () => `a text after a line matches ${String(expected)}; there is: ${seen.join(' | ')}`,
  );
}

/** Waits until none of the texts after lines matches. */
export async function nothingAfterLines(page: Page, gone: RegExp): Promise<void> {
  let seen: readonly string[] = [];
  await until(
    async () => {
      seen = (await textsAfterLines(page)).filter((text) => gone.test(text));
      return seen.length === 0;
    },
    () => `nothing stands after lines any more; there is: ${seen.join(' | ')}`,
  );
}

/** The frames of web views; the window itself is a frame too, and has a workbench in it. */
async function webviews(page: Page): Promise<readonly Frame[]> {
  const frames = page.frames();
  const workbenches = await Promise.all(
    // A frame that has just gone away is none to look into.
    frames.map((frame) =>
      frame
        .locator('.monaco-workbench')
        .count()
        .catch(() => 1),
    ),
  );
  return frames.filter((_, i) => workbenches[i] === 0);
}

/** The web view that has an element for `selector`. */
export function webviewWith(page: Page, selector: string): Promise<Frame> {
  return found(
    async () => {
      const frames = await webviews(page);
      const counts = await Promise.all(
        frames.map((frame) =>
          frame
            .locator(selector)
            .count()
            .catch(() => 0),
        ),
      );
      return frames.find((_, i) => counts[i] !== 0);
    },
    () => `a web view has ${selector}`,
  );
}

/** The text of the first web view whose text matches. */
export async function webviewText(page: Page, expected: RegExp): Promise<string> {
  let seen: readonly string[] = [];
  return found(
    async () => {
      const frames = await webviews(page);
      seen = await Promise.all(
        frames.map((frame) =>
          frame
            .locator('body')
            .innerText({ timeout: 1_000 })
            .catch(() => ''),
        ),
      );
      return seen.find((text) => expected.test(text));
    },
    () => `a web view matches ${String(expected)}; there is: ${seen.join(' | ')}`,
  );
}

/** The editor draws blanks as no-break spaces. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ').replace(/\s+/g, ' ').trim();
}

/**
 * ms in the page from the keydown of `key`, which makes an error, to the frame that draws the error; takes it back and waits
 * until the error is gone.
 */
export async function squiggleAfter(page: Page, key: string): Promise<number> {
  const squiggles = page.locator('.squiggly-error');
  await page.evaluate(`void (globalThis.drawn = new Promise((resolve) => {
    addEventListener('keydown', ({ timeStamp }) => {
      const observer = new MutationObserver(() => {
        if (document.querySelector('.squiggly-error') === null) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp)));
      });
      observer.observe(document.body, { subtree: true, childList: true, attributes: true });
    }, { capture: true, once: true });
  }))`);
  await page.keyboard.press(key);
  const time = (await page.evaluate('globalThis.drawn')) as number;
  await page.keyboard.press('Control+z');
  await squiggles.first().waitFor({ state: 'detached' });
  return time;
}
