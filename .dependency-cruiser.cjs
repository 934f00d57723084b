/**
 * The rooms of nodes/Kling, from the top down: a room imports only from those below it
 * (docs/architecture.md).
 */
const LAYERS = [
	['operations', 'webhooks'],
	['creating', 'waiting'],
	['callback', 'images', 'result'],
	['parameters'],
	['api'],
	['n8n'],
];

const inRooms = (rooms) => `^nodes/Kling/(${rooms.join('|')})/`;

/** Each room may use the layers below, and other rooms of its own layer as long as no circle comes of it. */
const layerRules = LAYERS.map((rooms, index) => ({
	name: `${rooms.join('-')}-imports-downwards`,
	comment: 'A room imports only from those below it: see docs/architecture.md.',
	severity: 'error',
	from: { path: inRooms(rooms) },
	to: { path: [...LAYERS.slice(0, index).map(inRooms), '^nodes/Kling/[^/]+\\.node\\.ts$'] },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
	forbidden: [
		...layerRules,
		{
			name: 'every-room-is-on-the-map',
			comment: 'Name a new room in LAYERS, and in docs/architecture.md.',
			severity: 'error',
			from: {},
			to: { path: '^nodes/Kling/[^/]+/', pathNot: inRooms(LAYERS.flat()) },
		},
		{ name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
		{
			name: 'rooms-form-no-circle',
			comment: 'Two rooms must not import each other, not even through different files.',
			severity: 'error',
			scope: 'folder',
			from: { path: '^nodes/' },
			to: { circular: true },
		},
		{
			name: 'shipped-code-imports-no-tests-or-tools',
			severity: 'error',
			from: { path: '^(nodes|credentials)/' },
			to: { path: '^(test|tools)/' },
		},
		{
			name: 'tests-import-no-tools',
			comment: 'tools/ builds upon test/; only the unit tests of the tools go the other way.',
			severity: 'error',
			from: { path: '^test/', pathNot: '^test/unit/tools[^/]*\\.test\\.ts$' },
			to: { path: '^tools/' },
		},
	],
	options: {
		doNotFollow: { path: 'node_modules' },
		exclude: { path: ['/runtimes/[^/]+/node_modules/', '^test/harness/n8n/runtimes/'] },
		tsPreCompilationDeps: true,
		tsConfig: { fileName: 'tsconfig.json' },
	},
};
