import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian and its relatives put it. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

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

/** The system's Chromium, or the one that CHROMIUM_PATH names; undefined when there is none. */
export function findChromium(): string | undefined {
	const named = process.env.CHROMIUM_PATH;
	return (named === undefined ? PLACES : [named]).find((path) => existsSync(path));
}

/** Starts the system's Chromium without a window and with an empty profile. */
export async function launchChromium(): Promise<Browser> {
	const executablePath = findChromium();
	if (executablePath === undefined) throw new Error('There is no Chromium on this machine.');
	return await chromium.launch({ executablePath, args: FLAGS });
}
