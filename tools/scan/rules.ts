import type { Linter } from 'eslint';
import { ESLint } from 'eslint';
import { relative, sep } from 'node:path';

import type { Finding } from './report';

/** What the scanner that n8n's reviewers use says about what is published and about the sources. */
export interface Rules {
	config: Linter.Config[];
	sourcePatterns: string[];
}

/** n8n's scanner is made of ES modules. */
export async function loadRules(): Promise<Rules> {
	const { buildScanConfig, SOURCE_FILE_PATTERNS } = await import(
		'@n8n/scan-community-package/scanner/scanner.mjs'
	);
	return { config: await buildScanConfig(), sourcePatterns: SOURCE_FILE_PATTERNS };
}

export interface Scan {
	files: number;
	findings: Finding[];
}

/** Errors and warnings alike, and comments that turn rules off are not listened to. */
export async function scanFolder(
	folder: string,
	patterns: readonly string[],
	config: Linter.Config[],
): Promise<Scan> {
	const eslint = new ESLint({
		cwd: folder,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: config,
		errorOnUnmatchedPattern: false,
	});
	const results = await eslint.lintFiles([...patterns]);
	const findings = results.flatMap(({ filePath, messages }) =>
		messages.map(({ line, ruleId, message }) => ({
			file: relative(folder, filePath).split(sep).join('/'),
			line,
			rule: ruleId ?? 'parser',
			message,
		})),
	);
	return { files: results.length, findings };
}
