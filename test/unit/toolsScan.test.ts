import {
	formatFinding,
	missingFiles,
	openFindings,
	strayFiles,
	type Finding,
} from '../../tools/scan/report';

const FINDING: Finding = {
	file: 'dist/nodes/Kling/Kling.node.js',
	line: 7,
	rule: 'no-console',
	message: 'Unexpected console statement.',
};

test('only what belongs into a package may be in it', () => {
	const files = ['package.json', 'README.md', 'dist/a.js', 'docs/screenshots/canvas.png', 'a.ts'];
	expect(strayFiles(files).map(({ file }) => file)).toEqual([
		'docs/screenshots/canvas.png',
		'a.ts',
	]);
	expect(missingFiles(files).map(({ file }) => file)).toEqual(['LICENSE', 'CHANGELOG.md']);
});

test('a finding is open unless it is allowed for its rule and its file', () => {
	const allow = (rule: string, file: string) => [{ rule, file, reason: '…' }];
	expect(openFindings([FINDING], [])).toEqual([FINDING]);
	expect(openFindings([FINDING], allow('no-console', 'Kling.node.js'))).toEqual([]);
	expect(openFindings([FINDING], allow('no-eval', 'Kling.node.js'))).toHaveLength(2);
	expect(openFindings([FINDING], allow('no-console', 'other.js'))).toHaveLength(2);
});

test('what is allowed without need is open, too', () => {
	const [finding] = openFindings([], [{ rule: 'no-console', file: 'a.js', reason: '…' }]);
	expect(finding).toMatchObject({ rule: 'no-console', file: 'a.js' });
});

test('a finding is one line', () => {
	expect(formatFinding(FINDING)).toBe(
		'dist/nodes/Kling/Kling.node.js:7  Unexpected console statement.  (no-console)',
	);
	expect(formatFinding({ ...FINDING, line: 0 })).not.toContain(':0');
});
