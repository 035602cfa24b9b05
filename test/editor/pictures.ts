// Pictures of a window, in the themes that people use; some of them go into the documentation.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from './playwright.ts';

/** Where the pictures go; kept until the next run. */
export const shots = process.env['PVPOLICY_SHOTS'] ?? join(tmpdir(), 'pvpolicy-shots');

/** Are the pictures of the documentation made anew? */
export const updatesImages = process.env['UPDATE_IMAGES'] === '1';

const images = join(dirname(fileURLToPath(import.meta.url)), '../../docs/images');

const THEMES = {
  light: { media: { colorScheme: 'light', forcedColors: 'none' }, shown: '.monaco-workbench.vs' },
  contrast: { media: { colorScheme: 'dark', forcedColors: 'active' }, shown: '.monaco-workbench.hc-black' },
  dark: { media: { colorScheme: 'dark', forcedColors: 'none' }, shown: '.monaco-workbench.vs-dark' },
} as const;

/** What a picture is for, and how it is taken. */
export interface PictureOptions {
  /** With UPDATE_IMAGES=1 it is copied to docs/images, dark and light, and for the walkthrough in high contrast too. */
  readonly use?: 'documentation' | 'walkthrough';
  /** Only this element is taken, at twice the size in pixels, as it is for where there is little room. */
  readonly of?: string;
  /** Done before each, for what does not survive the change of the theme. */
  readonly again?: () => Promise<unknown>;
}

/** Takes a picture in every theme, and ends in the dark one. */
export async function takePictures(
  page: Page,
  name: string,
  { use, of, again }: PictureOptions,
): Promise<void> {
  mkdirSync(shots, { recursive: true });
  for (const [theme, { media, shown }] of Object.entries(THEMES)) {
    // The editor follows what the system prefers, at once and with pop-ups left open.
    await page.emulateMedia(media);
    await page.locator(shown).first().waitFor();
    await again?.();
    const path = join(shots, `${name}-${theme}.png`);
    if (of === undefined) await page.screenshot({ path, animations: 'disabled' });
    else await takePart(page, path, of);
    if (updatesImages && (use === 'walkthrough' || (use === 'documentation' && theme !== 'contrast')))
      keep(path);
  }
}

/** One picture of how a window looks now. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), animations: 'disabled' });
}

async function takePart(page: Page, path: string, selector: string): Promise<void> {
  const box = await page.locator(selector).first().boundingBox();
  if (box === null) throw new Error(`${selector} is not to be seen`);
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', { clip: { ...box, scale: 2 } });
  await devtools.detach();
  writeFileSync(path, Buffer.from(data, 'base64'));
}

/** Puts a picture, made small, into the documentation; the dark one has the plain name. */
function keep(path: string): void {
  mkdirSync(images, { recursive: true });
  const kept = join(images, basename(path).replace('-dark', ''));
  execFileSync('pngquant', ['--force', '--strip', '--speed', '1', '--output', kept, path]);
  const bytes = statSync(kept).size;
  if (bytes > 200_000)
    throw new Error(`${kept} has ${bytes} bytes; a picture of the documentation may have 200,000`);
}
