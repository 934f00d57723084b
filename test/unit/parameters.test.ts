import fc from 'fast-check';
import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';

import { Failure, Refusal } from '../../nodes/Kling/api/failure';
import { Kling } from '../../nodes/Kling/Kling.node';
import { KlingTrigger } from '../../nodes/Kling/KlingTrigger.node';
import type { Settings } from '../../nodes/Kling/parameters/settings';
import { settings } from '../harness/node/builders';
import type { ParameterRow } from '../harness/node/parameterTable';
import { KLING_TABLE, ODD_VALUES, TRIGGER_TABLE } from '../harness/node/parameterTable';

const NODES = [
	['Kling', new Kling().description, KLING_TABLE],
	['Kling Trigger', new KlingTrigger().description, TRIGGER_TABLE],
] as const;

/** The parameters of a node that an expression can set, Options opened. */
function settableParameters({ properties }: INodeTypeDescription): INodeProperties[] {
	return properties.flatMap((property) => {
		if (property.type === 'notice' || property.type === 'hidden') return [];
		if (property.noDataExpression === true) return [];
		const { options = [] } = property;
		if (property.type !== 'collection') return [property];
		return options.flatMap((option) => ('type' in option ? [option] : []));
	});
}

/** What the readers get where a parameter has this value. */
function settingsWith(name: string, row: ParameterRow, value: unknown): Settings {
	const own = { [name]: value };
	return row.isOption === true
		? settings({ ...row.beside }, own)
		: settings({ ...row.beside, ...own });
}

const CELLS = NODES.flatMap(([node, , table]) =>
	Object.entries(table).flatMap(([name, row]) =>
		Object.entries(row.cells).map(([odd, cell]) => ({ node, name, row, odd, cell })),
	),
);

const ODD: Record<string, unknown> = ODD_VALUES;

test.each(NODES)(
	'the table has every parameter of %s, under its name in the panel',
	(_, description, table) => {
		const labels = settableParameters(description).map(({ name, displayName }) => [
			name,
			displayName,
		]);
		const rows = Object.entries(table).map(([name, { label }]) => [name, label]);
		expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(labels));
	},
);

test.each(CELLS)('$node: $name, given $odd, is as the table says', ({ name, row, odd, cell }) => {
	const read = row.read(settingsWith(name, row, ODD[odd]));
	if ('value' in cell) {
		expect(read).toEqual(cell.value);
	} else {
		expect(read).toBeInstanceOf(Refusal);
		expect(read).toMatchObject({
			message: `'${row.label}' ${cell.refusal}`,
			hint: expect.stringMatching(/\w+.*\.$/),
		});
	}
});

/** Anything that an expression can give, and what a program can hold besides. */
const anyValue = fc.oneof(
	fc.jsonValue(),
	fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
);

const PARAMETERS = NODES.flatMap(([node, , table]) =>
	Object.entries(table).map(([name, row]) => ({ node, name, row })),
);

describe.each(PARAMETERS)('$node: $name', ({ name, row }) => {
	test('is the default where it is not set', () => {
		const read = row.read(settings({ ...row.beside }));
		if (['prompt', 'imageUrls', 'callbackUrl'].includes(name)) {
			expect(read).toMatchObject({ message: `'${row.label}' is empty` });
		} else if (name === 'taskId') {
			expect(read).toBeInstanceOf(Refusal);
		} else {
			expect(read).not.toBeInstanceOf(Failure);
		}
	});

	test('gives a value of its own type or a refusal in one line that shows no object, whatever it is given', () => {
		const types = new Set(
			Object.values(row.cells).flatMap((cell) => ('value' in cell ? [typeof cell.value] : [])),
		);
		fc.assert(
			fc.property(anyValue, (value) => {
				const read = row.read(settingsWith(name, row, value));
				if (read instanceof Refusal) {
					expect(read.message.startsWith(`'${row.label}' `)).toBe(true);
					expect(read.message).not.toMatch(/\[object|\n/);
					expect(read.message.length).toBeLessThan(260);
				} else {
					expect(read).not.toBeInstanceOf(Failure);
					if (types.size > 0) expect(types).toContain(typeof read);
				}
			}),
		);
	});
});
