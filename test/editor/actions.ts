// What a person does in a window, each until it has worked.
import { basename } from 'node:path';
import type { Page } from './playwright.ts';
import { found, until, waitForText } from './screen.ts';

const COMMANDS = '.quick-input-list .monaco-list-row';
const QUICK_INPUT = '.quick-input-widget';

/** Presses the key that closes everything, and does not save what the editor then asks about; folds the Policy view. */
export async function tidy(page: Page, key: string): Promise<void> {
  const [tabs, question] = [page.locator('.tabs-container .tab'), page.locator('.monaco-dialog-box')];
  const policy = page.locator('.pane-header.expanded[aria-label^="Policy"]');
  await page.keyboard.press('Escape');
  // The view goes away with the policy, and would come back unfolded.
  await page.keyboard.press('Control+Shift+e');
  if (await policy.isVisible()) await policy.locator('.title').click();
  await page.keyboard.press(key);
  let pressed = performance.now();
  await until(
    async () => {
      // A web view that comes up takes the focus, and the key with it.
      if (performance.now() - pressed > 3_000) {
        await page.keyboard.press('Control+Shift+e');
        await page.keyboard.press(key);
        pressed = performance.now();
      }
      if (await question.isVisible()) {
        await question.locator('.monaco-button', { hasText: "Don't Save" }).click();
        await question.waitFor({ state: 'hidden' });
      }
      return (await tabs.count()) === 0;
    },
    () => 'every editor is closed',
  );
}

/** Opens a file by its path. */
export async function openFile(page: Page, path: string): Promise<void> {
  await page.keyboard.press('Control+p');
  await page.locator(`${QUICK_INPUT} input`).fill(path);
  await page
    .locator(`${COMMANDS}[aria-label^="${basename(path)}"]`)
    .first()
    .click();
  await page.locator(`.tab.active[data-resource-name="${basename(path)}"]`).waitFor();
  await page.locator('.editor-group-container.active .monaco-editor .view-line').first().waitFor();
}

/** Types a title into the command palette. */
async function openPalette(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator(COMMANDS).first().waitFor();
  await page.locator(`${QUICK_INPUT} input`).fill(`>${title}`);
}

export async function runCommand(page: Page, title: string, then?: 'asks'): Promise<void> {
  await openPalette(page, title);
  // The first row need not be it: commands of similar names come first where they were used.
  await page.locator(`${COMMANDS}[aria-label^="${title}"]`).first().click();
  // What asks has the same widget; the title of the command is no longer in it.
  const done =
    then === 'asks' ? page.locator(`${COMMANDS}[aria-label^="${title}"]`).first() : page.locator(QUICK_INPUT);
  await done.waitFor({ state: 'hidden' });
}

/**
 * Runs a command that asks with a list, and clicks the row of it that has this text. A window that has just come up may take
 * the focus back, which closes the list: it is asked for until it stays.
 */
export async function chooseFrom(page: Page, title: string, text: string): Promise<void> {
  const row = page.locator(COMMANDS, { hasText: text }).first();
  for (let attempt = 1; ; attempt++) {
    await runCommand(page, title, 'asks');
    try {
      return await row.click({ timeout: 15_000 });
    } catch (error) {
      if (attempt === 4) throw error;
      await page.keyboard.press('Escape');
    }
  }
}

export async function offersCommand(page: Page, title: string): Promise<boolean> {
  await openPalette(page, title);
  // Where no command matches, a row says so.
  const rows = page.locator(COMMANDS);
  await until(
    async () => {
      const texts = await rows.allInnerTexts();
      return texts.length > 0 && texts.every((text) => text.includes(title) || /no matching/i.test(text));
    },
    () => `the palette lists ${title} or nothing`,
  );
  const found = (await page.locator(`${COMMANDS}[aria-label^="${title}"]`).count()) > 0;
  await page.keyboard.press('Escape');
  await page.locator(QUICK_INPUT).waitFor({ state: 'hidden' });
  return found;
}

export async function goToPosition(
  page: Page,
  content: string,
  text: string,
  occurrence: number,
): Promise<void> {
  let offset = content.indexOf(text);
  for (let skipped = 0; skipped < occurrence && offset >= 0; skipped++)
    offset = content.indexOf(text, offset + 1);
  if (offset < 0) throw new Error(`the file does not hold ${JSON.stringify(text)}`);
  const before = content.slice(0, offset).split('\n');
  const [line, column] = [before.length, (before.at(-1) ?? '').length + 1];
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+g');
  await page.locator(`${QUICK_INPUT} input`).fill(`:${line}:${column}`);
  await page.keyboard.press('Enter');
  await page.locator(QUICK_INPUT).waitFor({ state: 'hidden' });
  await waitForText(page.locator('.statusbar-item'), new RegExp(`^Ln ${line}, Col ${column}$`));
}

/** The language server may still be starting, so the mouse leaves and comes back until the hover is there. */
export async function hoverAtCursor(page: Page, expected: RegExp): Promise<string> {
  const cursor = page.locator('.monaco-editor.focused .cursors-layer .cursor').first();
  const hovers = page.locator('.monaco-editor .monaco-hover:not(.hidden)');
  let seen = '';
  for (let attempt = 0; attempt < 10; attempt++) {
    const box = await cursor.boundingBox();
    if (box === null) throw new Error('the cursor is not on the screen');
    await page.mouse.move(box.x + 6, box.y + box.height / 2, { steps: 4 });
    for (let waited = 0; waited < 3_000; waited += 100) {
      await page.waitForTimeout(100);
      seen = (await hovers.allInnerTexts()).join('\n');
      if (expected.test(seen)) return seen;
    }
    await page.mouse.move(5, 795);
  }
  throw new Error(`no hover that matches ${String(expected)}; the last one was: ${seen}`);
}

/** Opens the Problems view, whatever has the keys, and again where something else took its place. */
export async function problems(page: Page, expected: RegExp): Promise<readonly string[]> {
  const panel = page.locator('.markers-panel');
  const rows = panel.locator('.monaco-list-row');
  let seen: readonly string[] = [];
  return found(
    async () => {
      if (!(await panel.isVisible())) await page.locator('#status\\.problems a').click();
      seen = await rows.allInnerTexts();
      return seen.some((text) => expected.test(text)) ? seen : undefined;
    },
    () => `a problem matches ${String(expected)}; there are: ${seen.join(' | ')}`,
  );
}

/** The list closes again when diagnostics arrive while it opens, so it is asked for until it stays. */
export async function openQuickFixes(page: Page, expected: RegExp): Promise<string> {
  const rows = page.locator('.action-widget .monaco-list-row');
  for (let attempt = 0; attempt < 4; attempt++) {
    await page.keyboard.press('Control+.');
    const found = await waitForText(rows, expected, 5_000).catch(() => undefined);
    if (found !== undefined) return found;
    await page.keyboard.press('Escape');
  }
  throw new Error(`no quick fix that matches ${String(expected)}`);
}

/** The tab loses its mark before the file is written, so the disk is what counts. */
export async function saveAndRead(page: Page, onDisk: () => string, expected: RegExp): Promise<string> {
  await page.keyboard.press('Control+s');
  await until(
    async () => expected.test(onDisk()),
    () => `the saved file matches ${String(expected)}; it is:\n${onDisk()}`,
  );
  return onDisk();
}
