import type { IExecuteFunctions } from 'n8n-workflow';

import { isHttpUrl } from '../api/address';
import type { ItemOutcome } from './item';

/** Shows notes above the node's output after it ran. */
export function showHints(context: IExecuteFunctions, messages: readonly string[]): void {
	if (messages.length === 0) return;
	context.addExecutionHints(
		...messages.map((message) => ({ message, location: 'outputPane' as const })),
	);
}

/** More would push the items out of sight. */
const LINKS_SHOWN = 10;

/**
 * Links to the videos of a run, in the order of its items: the editor shows addresses in items as
 * plain text, and links in hints (n8n: hints are sanitized HTML).
 */
export function videoLinks(outcomes: readonly ItemOutcome[]): string[] {
	const urls = outcomes.flatMap((outcome) => (outcome.ok ? (outcome.videoUrl ?? []) : []));
	const shown = urls.filter(isHttpUrl).slice(0, LINKS_SHOWN);
	if (shown.length === 0) return [];
	if (urls.length === 1) return shown.map((url) => link(url, 'Open the video'));
	const links = shown.map((url, index) => link(url, String(index + 1))).join(' ');
	const rest = urls.length - shown.length;
	return [`Open the videos: ${links}${rest === 0 ? '' : ` and ${rest} more`}`];
}

/** `URL` escapes whatever could end the attribute. */
function link(url: string, text: string): string {
	return `<a href="${new URL(url).href}" target="_blank">${text}</a>`;
}
