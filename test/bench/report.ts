import { readFileSync, writeFileSync } from 'node:fs';

import { describeMachine } from './machine';

/** One figure: what it is about, of what, and of how many it is the figure. */
export interface Row {
	figure: string;
	what: string;
	value: string;
	n: number;
}

export function formatSeconds(seconds: number): string {
	return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
}

export function formatMilliseconds(ms: number): string {
	return ms < 1_000 ? `${Math.round(ms)} ms` : formatSeconds(ms / 1000);
}

/** The rows as a Markdown table; a figure's name stands in its first row only. */
export function toTable(rows: readonly Row[]): string {
	const lines = rows.map(({ figure, what, value, n }, index) => {
		const name = rows[index - 1]?.figure === figure ? '' : figure;
		return `| ${name} | ${what} | ${value} | ${n} |`;
	});
	return ['| figure | of | measured | n |', '|---|---|---|---|', ...lines].join('\n');
}

/** Writes the README of the bench: how it was measured, then the table. */
export function writeReadme(
	file: string,
	template: string,
	rows: readonly Row[],
	startedAt: Date,
): void {
	const minutes = Math.round((Date.now() - startedAt.getTime()) / 60_000);
	const machine = describeMachine().map((line) => `- ${line}`);
	const measured = [
		...machine,
		`- ${startedAt.toISOString().slice(0, 10)}, one run of ${minutes} minutes`,
	].join('\n');
	const text = readFileSync(template, 'utf8')
		.replace('{{machine}}', () => measured)
		.replace('{{table}}', () => toTable(rows));
	writeFileSync(file, text);
}
