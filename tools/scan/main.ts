import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';

import { packPackage } from '../../test/harness/n8n/package';
import { ROOT } from '../bootstrap/install.mjs';
import { ALLOWED } from './allowed';
import { formatFinding, missingFiles, openFindings, strayFiles, type Finding } from './report';
import { loadRules, scanFolder } from './rules';

const execute = promisify(execFile);

/** What n8n's scanner looks at in a published package. */
const PUBLISHED = ['**/*.js', '**/*.ts', '**/*.json'];

function filesIn(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

async function main(): Promise<void> {
	const { config, sourcePatterns } = await loadRules();
	const unpacked = mkdtempSync(join(tmpdir(), 'kling-scan-'));
	const findings: Finding[] = [];
	try {
		await execute('tar', ['-xzf', await packPackage(), '-C', unpacked]);
		const folder = join(unpacked, 'package');
		const files = filesIn(folder);
		findings.push(...strayFiles(files), ...missingFiles(files));
		const published = await scanFolder(folder, PUBLISHED, config);
		findings.push(...published.findings);
		console.log(`Published: ${files.length} files, ${published.files} of them scanned.`);
	} finally {
		rmSync(unpacked, { recursive: true, force: true });
	}
	const sources = await scanFolder(ROOT, sourcePatterns, config);
	findings.push(...sources.findings);
	console.log(`Sources: ${sources.files} files scanned.`);

	const open = openFindings(findings, ALLOWED);
	for (const finding of open) console.log(formatFinding(finding));
	for (const { rule, file, reason } of ALLOWED)
		console.log(`Allowed: ${rule} in ${file}: ${reason}`);
	console.log(open.length === 0 ? 'Clean: no errors, no warnings.' : `${open.length} to mend.`);
	process.exitCode = open.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
