import type { Allowed } from './allowed';

/** What a rule says about one place in one file. */
export interface Finding {
	/** Path inside the package, with forward slashes. */
	file: string;
	line: number;
	rule: string;
	message: string;
}

const SHIPPED_FILES = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

/** The files of a package that have no business in it. */
export function strayFiles(files: readonly string[]): Finding[] {
	return files
		.filter((file) => !file.startsWith('dist/') && !SHIPPED_FILES.includes(file))
		.map((file) => ({ file, line: 0, rule: 'files', message: 'This file must not be published' }));
}

/** The files that every package must have and this one lacks. */
export function missingFiles(files: readonly string[]): Finding[] {
	return SHIPPED_FILES.filter((file) => !files.includes(file)).map((file) => ({
		file,
		line: 0,
		rule: 'files',
		message: 'This file is missing',
	}));
}

function allows({ rule, file }: Allowed, finding: Finding): boolean {
	return finding.rule === rule && finding.file.endsWith(file);
}

/** What is left to mend, exceptions that nothing needs any more included. */
export function openFindings(findings: readonly Finding[], allowed: readonly Allowed[]): Finding[] {
	const unused = allowed.filter((entry) => !findings.some((finding) => allows(entry, finding)));
	return [
		...findings.filter((finding) => !allowed.some((entry) => allows(entry, finding))),
		...unused.map(({ rule, file }) => ({
			file,
			line: 0,
			rule,
			message: 'Allowed in tools/scan/allowed.ts, but never found',
		})),
	];
}

/** One line for each finding, as compilers write them. */
export function formatFinding({ file, line, rule, message }: Finding): string {
	return `${file}${line > 0 ? `:${line}` : ''}  ${message}  (${rule})`;
}
