// The part of playwright-core that the lane uses. The package is provisioned, not a dependency, so its own
// types are not at hand when the tests are type-checked.

/** Milliseconds. */
interface Timeout {
  readonly timeout?: number;
}

/** A rectangle in CSS pixels of the page. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** CSS pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Elements that a selector finds, looked up anew at each use. */
export interface Locator {
  first(): Locator;
  nth(index: number): Locator;
  locator(selector: string, options?: { readonly hasText?: string | RegExp }): Locator;
  count(): Promise<number>;
  waitFor(
    options?: Timeout & { readonly state?: 'attached' | 'visible' | 'hidden' | 'detached' },
  ): Promise<void>;
  boundingBox(options?: Timeout): Promise<Box | null>;
  innerText(options?: Timeout): Promise<string>;
  allInnerTexts(): Promise<string[]>;
  getAttribute(name: string, options?: Timeout): Promise<string | null>;
  isVisible(): Promise<boolean>;
  click(options?: Timeout & { readonly button?: 'right' }): Promise<void>;
  hover(options?: Timeout): Promise<void>;
  fill(text: string): Promise<void>;
  focus(): Promise<void>;
}

export interface Frame {
  locator(selector: string): Locator;
  evaluate(script: string): Promise<unknown>;
}

export interface Page {
  readonly keyboard: { press(keys: string): Promise<void>; type(text: string): Promise<void> };
  readonly mouse: { move(x: number, y: number, options?: { readonly steps?: number }): Promise<void> };
  title(): Promise<string>;
  setViewportSize(size: Size): Promise<void>;
  context(): BrowserContext;
  goto(url: string, options?: Timeout): Promise<unknown>;
  reload(options?: Timeout): Promise<unknown>;
  locator(selector: string, options?: { readonly hasText?: string | RegExp }): Locator;
  emulateMedia(options: {
    readonly colorScheme: 'dark' | 'light';
    readonly forcedColors?: 'active' | 'none';
  }): Promise<void>;
  frames(): readonly Frame[];
  evaluate(expression: string): Promise<unknown>;
  screenshot(options: {
    readonly path: string;
    readonly animations: 'disabled' | 'allow';
    readonly clip?: Box;
  }): Promise<unknown>;
  waitForTimeout(milliseconds: number): Promise<void>;
  close(options?: { readonly runBeforeUnload?: boolean }): Promise<void>;
}

/** The browser's own protocol, for what playwright-core has no word for. */
interface Devtools {
  send(
    method: 'Page.captureScreenshot',
    params: { readonly clip: Box & { readonly scale: number } },
  ): Promise<{ readonly data: string }>;
  detach(): Promise<void>;
}

export interface BrowserContext {
  newPage(): Promise<Page>;
  newCDPSession(page: Page): Promise<Devtools>;
  setDefaultTimeout(milliseconds: number): void;
}

export interface Browser {
  contexts(): readonly BrowserContext[];
}

export interface Chromium {
  connectOverCDP(address: string): Promise<Browser>;
}
