import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const isThere = (path: string) => existsSync(join(ROOT, path));
const DOCS = readdirSync(join(ROOT, 'docs'))
	.filter((file) => file.endsWith('.md'))
	.map((file) => `docs/${file}`);

test('the README is read in one go: it has at most 1,500 words', () => {
	expect(
		read('README.md')
			.split(/\s+/)
			.filter((word) => word !== '').length,
	).toBeLessThanOrEqual(1500);
});

test.each(['README.md', 'CONTRIBUTING.md', ...DOCS])('%s names tests that are there', (page) => {
	const named = read(page).match(/\btest\/[\w/]+\.test\.ts\b/g) ?? [];
	expect(named.filter((path) => !isThere(path))).toEqual([]);
});
