// The report of a simulation: a page of its own in a view of the editor.
import { expect, test } from 'vitest';
import { lane } from '../support/lanes.ts';
import { until, webviewWith } from './screen.ts';
import { editorSession } from './session.ts';
import { findEditorTools } from './tools.ts';

const EFFECTS = 'section:has(h2:text-is("Effects"))';

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

    // VS Code need not have heard yet that the page has the focus, and would take the other group.
    await window.page.locator('.tab', { hasText: ' on eevdf-3vm' }).click();
    await window.command('View: Toggle Maximize Editor Group');
    await frame.locator('.toolbar button').nth(4).click();
    // All three schedules, from the top of the page, which the keys have moved.
    await window.page.setViewportSize({ width: 1360, height: 1080 });
    await frame.evaluate('scrollTo(0, 0)');
    await window.picture('report', { use: 'documentation' });
    await window.page.setViewportSize({ width: 1360, height: 800 });
    await window.command('View: Toggle Maximize Editor Group');

    const row = frame.locator('section:has(h2:text-is("Decisions: as recorded")) tbody tr').first();
    const [, , line = ''] = (await row.innerText()).split('\t');
    expect(Number(line)).toBeGreaterThan(0);
    await row.locator('button').first().click();
    await window.shows('.statusbar-item', new RegExp(`Ln ${line.trim()},`));
    expect(await frame.locator('.card').innerText()).toMatch(/State then: .*boosted/s);
    const [card, table] = [await frame.locator('.card').boundingBox(), await row.boundingBox()];
    expect(card?.y).toBeGreaterThan(table?.y ?? 800);
    expect((card?.y ?? 800) + (card?.height ?? 0)).toBeLessThan(800);
    await window.picture('report-decision');
    await frame.locator('.card .close').click();
    await frame.locator('.card').waitFor({ state: 'hidden' });

    const effects = frame.locator(EFFECTS);
    // Beside the policy there is little room: nothing is to be pushed aside to see how far an effect can be trusted.
    const [width, hidden] = (await frame.evaluate(
      "const of = document.querySelector('.scroll:has(.effects)'); [innerWidth, of.scrollWidth - of.clientWidth]",
    )) as readonly number[];
    expect(width).toBeLessThan(560);
    expect(hidden).toBe(0);
    const before = await effects.innerText();
    const newest = async (): Promise<string> =>
      (await webviewWith(window.page, '.schedule canvas')).locator(EFFECTS).innerText({ timeout: 2_000 });
    const follows = async (value: string, expected: (text: string) => boolean): Promise<void> => {
      // The page had the focus, and the command is about what has it.
      await window.command('View: Focus First Editor Group');
      await window.command('PV Policy: Set Param for Simulation…', 'asks');
      await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'boost_limit' }).click();
      await window.shows('.quick-input-title', /boost_limit: duration in 2ms..20ms/);
      await window.page.keyboard.press('Control+a');
      await window.page.keyboard.type(value);
      await window.page.keyboard.press('Enter');
      // The page is made anew.
      await until(
        async () => newest().then(expected, () => false),
        () => `the report is that of ${value}`,
      );
    };
    await follows('2ms', (text) => text !== before);
    await follows('5ms', (text) => text === before);

    // With the report in front, the key is about its policy.
    await window.command('PV Policy: Clear Simulation Results');
    await window.noDecorations(/fired/);
    await (await webviewWith(window.page, '.schedule canvas')).locator('.toolbar button').nth(4).click();
    await window.page.keyboard.press('F5');
    await window.decorations(/fired/);

    // The policy has the focus: the report is closed, and comes back without another run.
    await window.command('View: Close Editors in Other Groups');
    await window.command('PV Policy: Show Simulation Report');
    await webviewWith(window.page, '.schedule canvas');
  });
});
