// Reads the screen: waits until something is to be read on it, and says what was there instead when it is not.
import type { Frame, Locator, Page } from './playwright.ts';

/** Waits until one of the elements matches (`limit` ms); gives its text. Says what was there instead when none does. */
export async function waitForText(elements: Locator, expected: RegExp, limit = 30_000): Promise<string> {
  let seen: string[] = [];
  for (let waited = 0; waited < limit; waited += 200) {
    seen = await elements.allInnerTexts();
    const found = seen.find((text) => expected.test(plain(text)));
    if (found !== undefined) return plain(found);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`nothing that matches ${String(expected)} in: ${seen.map(plain).join(' | ')}`);
}

/** Waits until an element that has no text of its own is labelled so for screen readers (30 s). */
export async function waitForLabel(element: Locator, expected: RegExp): Promise<void> {
  let seen: string | null = null;
  for (let waited = 0; waited < 30_000; waited += 200) {
    seen = await element.getAttribute('aria-label');
    if (seen !== null && expected.test(seen)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the label is '${seen}', not ${String(expected)}`);
}

/** Text after a line is the content of a pseudo-element, which only the computed style tells. */
async function textsAfterLines(page: Page): Promise<readonly string[]> {
  const script = `[...document.querySelectorAll('.view-line span')]
    .map((span) => getComputedStyle(span, '::after').content).filter((content) => content.startsWith('"'))`;
  return ((await page.evaluate(script)) as string[]).map((text) => plain(text.slice(1, -1)));
}

/** The texts after lines, once one matches (30 s). */
export async function drawnAfterLines(page: Page, expected: RegExp): Promise<readonly string[]> {
  let seen: readonly string[] = [];
  for (let waited = 0; waited < 30_000; waited += 200) {
    seen = await textsAfterLines(page);
    if (seen.some((text) => expected.test(text))) return seen;
    await page.waitForTimeout(200);
  }
  throw new Error(`no text after a line matches ${String(expected)}; there is: ${seen.join(' | ')}`);
}

/** Waits until none of the texts after lines matches (30 s). */
export async function nothingAfterLines(page: Page, gone: RegExp): Promise<void> {
  let seen: readonly string[] = [];
  for (let waited = 0; waited < 30_000; waited += 200) {
    seen = (await textsAfterLines(page)).filter((text) => gone.test(text));
    if (seen.length === 0) return;
    await page.waitForTimeout(200);
  }
  throw new Error(`still after a line: ${seen.join(' | ')}`);
}

/** The web view that has an element for `selector` (30 s). */
export async function webviewWith(page: Page, selector: string): Promise<Frame> {
  for (let waited = 0; waited < 30_000; waited += 300) {
    for (const frame of page.frames()) {
      const [found, workbench] = await Promise.all(
        [selector, '.monaco-workbench'].map((one) =>
          frame
            .locator(one)
            .count()
            .catch(() => 0),
        ),
      );
      // The window itself is a frame too.
      if (found && !workbench) return frame;
    }
    await page.waitForTimeout(300);
  }
  throw new Error(`no web view has ${selector}`);
}

/** The text of the first web view whose text matches (30 s). */
export async function webviewText(page: Page, expected: RegExp): Promise<string> {
  let seen: string[] = [];
  for (let waited = 0; waited < 30_000; waited += 300) {
    seen = [];
    for (const frame of page.frames()) {
      const text = await frame
        .locator('body')
        .innerText({ timeout: 1_000 })
        .catch(() => '');
      // The window itself is a frame too; a web view's has no workbench in it.
      if (
        (await frame
          .locator('.monaco-workbench')
          .count()
          .catch(() => 1)) > 0
      )
        continue;
      if (expected.test(text)) return text;
      seen.push(text);
    }
    await page.waitForTimeout(300);
  }
  throw new Error(`no web view that matches ${String(expected)}; there is: ${seen.join(' | ')}`);
}

/** The editor draws blanks as no-break spaces. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ').replace(/\s+/g, ' ').trim();
}
