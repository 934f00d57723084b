import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { openStage, type Stage, type StageOptions } from '../n8n/stage';
import { useOpened } from '../n8n/useStage';
import { launchChromium } from './chromium';
import { Editor, VIEWPORT } from './editor';

const SCREENSHOTS = resolve(__dirname, '..', '..', '..', '.cache', 'screenshots');

/** A stage with the editor of its n8n open in a browser, and its owner signed in. */
export interface BrowserStage extends Stage {
	readonly editor: Editor;
	/** Writes pictures of what is in sight to `.cache/screenshots`: `<name>.png`, and `<name>-dark.png`. */
	picture(name: string): Promise<void>;
}

/** Starts everything. Call `stop()` whatever happens. */
export async function openBrowserStage(options: StageOptions = {}): Promise<BrowserStage> {
	const stage = await openStage(options);
	try {
		const browser = await launchChromium();
		const stop = async () => {
			await browser.close();
			await stage.stop();
		};
		try {
			const page = await browser.newPage({ viewport: VIEWPORT, locale: 'en-US' });
			const editor = new Editor(page, stage.n8n.url);
			await editor.signIn(stage.n8n.owner);
			mkdirSync(SCREENSHOTS, { recursive: true });
			return {
				...stage,
				editor,
				picture: async (name) => {
					await editor.page.mouse.move(0, 0);
					const take = async (colorScheme: 'light' | 'dark', file: string) => {
						await editor.page.emulateMedia({ colorScheme });
						await editor.page.screenshot({
							path: join(SCREENSHOTS, `${file}.png`),
							animations: 'disabled',
						});
					};
					await take('dark', `${name}-dark`);
					await take('light', name);
				},
				stop,
			};
		} catch (error) {
			await browser.close();
			throw error;
		}
	} catch (error) {
		await stage.stop();
		throw error;
	}
}

/** A stage with an editor for all tests of a file: see `useOpened`. */
export function useBrowserStage(options?: StageOptions): BrowserStage {
	return useOpened(async () => await openBrowserStage(options));
}
