import { chromium, type Browser } from 'playwright-core';

import { findChromium } from '../../../tools/test/chromium';

/** No sandbox, since tests may run as root, and no talk with anybody but the page's own host. */
const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** Starts the system's Chromium without a window and with an empty profile. */
export async function launchChromium(): Promise<Browser> {
	const executablePath = findChromium();
	if (executablePath === undefined) throw new Error('There is no Chromium on this machine.');
	return await chromium.launch({ executablePath, args: FLAGS });
}
