// Pictures of a window, in the themes that people use; some of them go into the documentation.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from './playwright.ts';

/** Where the pictures go; kept until the next run. */
export const shots = process.env['PVPOLICY_SHOTS'] ?? join(tmpdir(), 'pvpolicy-shots');

const images = join(dirname(fileURLToPath(import.meta.url)), '../../docs/images');

const THEMES = {
  light: { media: { colorScheme: 'light', forcedColors: 'none' }, shown: '.monaco-workbench.vs' },
  contrast: { media: { colorScheme: 'dark', forcedColors: 'active' }, shown: '.monaco-workbench.hc-black' },
  dark: { media: { colorScheme: 'dark', forcedColors: 'none' }, shown: '.monaco-workbench.vs-dark' },
} as const;

/**
 * Takes a picture in every theme, and ends in the dark one. With UPDATE_IMAGES=1 those `of` the documentation are
 * copied there. `again` is done before each, for what does not survive the change of the theme.
 */
export async function takePictures(
  page: Page,
  name: string,
  use: 'documentation' | undefined,
  again: (() => Promise<unknown>) | undefined,
): Promise<void> {
  mkdirSync(shots, { recursive: true });
  for (const [theme, { media, shown }] of Object.entries(THEMES)) {
    // The editor follows what the system prefers, at once and with pop-ups left open.
    await page.emulateMedia(media);
    await page.locator(shown).first().waitFor();
    await again?.();
    const path = join(shots, `${name}-${theme}.png`);
    await page.screenshot({ path, animations: 'disabled' });
    if (theme !== 'contrast' && use === 'documentation' && process.env['UPDATE_IMAGES'] === '1') keep(path);
  }
}

/** One picture of how a window looks now. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), animations: 'disabled' });
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
