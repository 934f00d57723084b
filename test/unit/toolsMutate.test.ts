import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileOf, plant, testsOf } from '../../tools/mutate/copy';
import { PLANTED_FAULTS } from '../../tools/mutate/faults';

const ROOT = join(__dirname, '..', '..');

test.each(PLANTED_FAULTS)('a fault can be planted in $file: $breaks', (fault) => {
	const text = readFileSync(join(ROOT, fileOf(fault)), 'utf8');
	expect(plant(text, fault)).not.toBe(text);
});

test.each(PLANTED_FAULTS.filter(({ noticedBy }) => noticedBy !== undefined))(
	'there is a test as $noticedBy',
	(fault) => {
		const [, path = '', , name = ''] = testsOf(fault) ?? [];
		const file = readFileSync(join(ROOT, path), 'utf8');
		expect(new RegExp(name).test(file)).toBe(true);
	},
);

test.each(['', 'twice, twice'])(
	'a fault whose text does not stand once in “%s” is refused',
	(text) => {
		const fault = { file: 'any.ts', find: 'twice', replace: 'once', breaks: 'nothing' };
		expect(() => plant(text, fault)).toThrow('“twice” does not stand once in any.ts');
	},
);
