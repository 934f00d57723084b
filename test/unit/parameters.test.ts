import fc from 'fast-check';
import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';

import { Kling } from '../../nodes/Kling/Kling.node';
import { KlingTrigger } from '../../nodes/Kling/KlingTrigger.node';
import { InvalidParameterError, type Settings } from '../../nodes/Kling/parameters/read';
import { settings } from '../harness/node/builders';
import type { OddName, ParameterRow } from '../harness/node/parameterTable';
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
		? settings({ ...row.beside }, { ...row.besideOptions, ...own })
		: settings({ ...row.beside, ...own }, { ...row.besideOptions });
}

/** What comes of a value: what was read, or the refusal. */
function outcomeOf(
	name: string,
	row: ParameterRow,
	value: unknown,
): { value: unknown } | InvalidParameterError {
	try {
		return { value: row.read(settingsWith(name, row, value)) };
	} catch (thrown) {
		if (thrown instanceof InvalidParameterError) return thrown;
		throw thrown;
	}
}

const CELLS = NODES.flatMap(([node, , table]) =>
	Object.entries(table).flatMap(([name, row]) =>
		Object.entries(row.cells).map(([odd, cell]) => ({ node, name, row, odd, cell })),
	),
);

const ODD: Record<string, unknown> = ODD_VALUES;
const ODD_NAMES = Object.keys(ODD_VALUES);

describe('the table', () => {
	test.each(NODES)(
		'has every parameter of %s, under its name in the panel',
		(_, description, table) => {
			const labels = new Map(
				settableParameters(description).map(({ name, displayName }) => [name, displayName]),
			);
			const rows = Object.entries(table).map(([name, { label }]): [string, string] => [
				name,
				label,
			]);
			expect(new Map(rows)).toEqual(labels);
		},
	);

	test('has a cell for each odd value of each parameter', () => {
		for (const { name, row } of CELLS) {
			expect([name, Object.keys(row.cells).sort()]).toEqual([name, [...ODD_NAMES].sort()]);
		}
	});
});

test.each(CELLS)('$node: $name, given $odd, is as the table says', ({ name, row, odd, cell }) => {
	const outcome = outcomeOf(name, row, ODD[odd]);
	if ('value' in cell) {
		expect(outcome).toEqual(cell);
	} else {
		expect(outcome).toMatchObject({ message: `'${row.label}' ${cell.refusal}` });
		expect(outcome).toMatchObject({ hint: expect.stringMatching(/\w+.*\.$/) });
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
		const unset = settings({ ...row.beside }, { ...row.besideOptions });
		if (['prompt', 'imageUrls', 'callbackUrl'].includes(name)) {
			expect(() => row.read(unset)).toThrow(`'${row.label}' is empty`);
		} else if (name === 'taskId') {
			expect(() => row.read(unset)).toThrow(InvalidParameterError);
		} else {
			expect(row.read(unset)).not.toBeUndefined();
		}
	});

	test('gives a value of its own type or a refusal in one line that shows no object, whatever it is given', () => {
		const types = new Set(
			Object.values(row.cells).flatMap((cell) => ('value' in cell ? [typeof cell.value] : [])),
		);
		fc.assert(
			fc.property(anyValue, (value) => {
				const outcome = outcomeOf(name, row, value);
				if (outcome instanceof InvalidParameterError) {
					expect(outcome.parameter).toBe(row.label);
					expect(outcome.message).not.toMatch(/\[object|\n/);
					expect(outcome.message.length).toBeLessThan(260);
				} else if (types.size > 0) {
					expect(types).toContain(typeof outcome.value);
				}
			}),
		);
	});

	test.each<OddName>(['null', 'undefined'])('is never its default when it was set to %s', (odd) => {
		expect(outcomeOf(name, row, ODD[odd])).toBeInstanceOf(InvalidParameterError);
	});
});
