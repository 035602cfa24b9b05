import { join } from 'node:path';

/** The folder of the installed package: the bundles are in its `dist`. */
export const PACKAGE_ROOT = join(__dirname, '..');

/** The gallery, whose policies are templates of new ones. */
export const TEMPLATES = join(PACKAGE_ROOT, 'examples', 'gallery');

/** The pages of diagnostics, one file a code. */
export const DIAGNOSTICS_PAGES = join(PACKAGE_ROOT, 'docs', 'diagnostics');
