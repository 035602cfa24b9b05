// The report of a simulation: a page of its own in a view of the editor.
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { webviewWith } from './screen.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';

lane('editor', 'the report in VS Code', findEditorTools, (tools) => {
  const session = editorSession(tools);

  test('shows the schedule before and after, by mouse and keyboard, and leads to the lines of the policy', async () => {
    const window = await session.open('irq_boost.pvpolicy');
    await window.ready();
    await window.titleButton('Simulate on a Trace');
    const frame = await webviewWith(window.page, '.schedule canvas');
    const pictures = frame.locator('.schedule canvas');
    expect(await pictures.count()).toBe(3);
    expect(await frame.locator('figcaption').allInnerTexts()).toEqual(
      expect.arrayContaining(['as recorded', 'simulated, eevdf', 'simulated, irq_boost']),
    );
    expect(await pictures.first().getAttribute('aria-label')).toMatch(/2 CPUs and \d+ vCPUs/);

    // From the last button of the toolbar the next stop of the keyboard is the first picture.
    await frame.locator('.toolbar button').nth(4).click();
    const keys = ['Tab', '+', '+', 'ArrowDown', 'ArrowDown', 'ArrowDown', '.'];
    for (const key of keys) await window.page.keyboard.press(key);
    const said = frame.locator('.said');
    expect(await said.innerText()).toMatch(/(?:runs on CPU \d|waits for a CPU) for [\d.]+ (?:ns|µs|ms)/);

    await window.command('View: Toggle Maximize Editor Group');
    await frame.locator('.toolbar button').nth(4).click();
    await window.picture('report', 'documentation');
    await window.command('View: Toggle Maximize Editor Group');

    const row = frame.locator('section:has(h2:text-is("Decisions: as recorded")) tbody tr').first();
    const [, , line = ''] = (await row.innerText()).split('\t');
    expect(Number(line)).toBeGreaterThan(0);
    await row.locator('button').first().click();
    await window.shows('.statusbar-item', new RegExp(`Ln ${line.trim()},`));
    expect(await frame.locator('.card').innerText()).toMatch(/State then: .*boosted/s);
  });
});
