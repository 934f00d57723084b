import { missingFrom, type Release } from '../../tools/release/missing';

const COMPLETE: Release = {
	manifest: {
		name: 'n8n-nodes-example',
		version: '1.2.3',
		homepage: 'https://github.com/owner/name#readme',
		author: { name: 'Owner', email: 'owner@example.com' },
		repository: { url: 'git+https://github.com/owner/name.git' },
	},
	changelog: '# Changelog\n\n## 1.2.3\n\nNew.\n\n## 1.2.2\n',
	tags: ['v1.2.2'],
	files: new Map([['nodes/A.node.json', 'https://aivideoapi.ai']]),
};

const missing = (changes: Partial<Release>) =>
	missingFrom({ ...COMPLETE, ...changes }).map(({ what }) => what);

const manifest = (changes: Partial<Release['manifest']>) => ({
	manifest: { ...COMPLETE.manifest, ...changes },
});

test('a release that has everything may go out', () => {
	expect(missing({})).toEqual([]);
});

test.each<[string, Partial<Release>, string[]]>([
	[
		'an author whom nobody can write to',
		manifest({ author: { name: 'A', email: 'a@example.invalid' } }),
		['The author'],
	],
	['an author without an address', manifest({ author: { name: 'A', email: '' } }), ['The author']],
	[
		'no repository yet',
		manifest({ repository: { url: 'https://example.invalid/a.git' } }),
		['The repository'],
	],
	['a homepage that is no address', manifest({ homepage: 'soon' }), ['The homepage']],
	['a version that is none', { ...manifest({ version: '1' }), changelog: '## 1' }, ['The version']],
	['a version that was published', { tags: ['v1.2.3'] }, ['A new version']],
	['a changelog that ends before it', { changelog: '## 1.2.2' }, ['The changelog']],
	[
		'a dead link in what is published or scanned',
		{ files: new Map([['nodes/A.node.json', 'https://example.invalid/docs']]) },
		['Links that work'],
	],
])('what is missing is named: %s', (_, changes, expected) => {
	expect(missing(changes)).toEqual(expected);
});
