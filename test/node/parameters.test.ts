import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { useKling } from '../harness/node/kling';
import { operationErrorOf } from '../harness/node/errors';
import type { ParameterRow } from '../harness/node/parameterTable';
import { KLING_TABLE, ODD_VALUES } from '../harness/node/parameterTable';
import { everythingShown } from '../harness/node/runKling';

/** The same table as the readers' own test, with n8n's evaluation in front and the API behind. */

const { emulator, create, finishedTask } = useKling();

/** Parameters that make the operation work, but for the one that comes from the item. */
async function parametersWith(name: string, row: ParameterRow): Promise<INodeParameters> {
	const own = { [name]: '={{ $json.value }}' };
	const isOption = row.isOption === true;
	const needsTask = row.operation !== 'create' && name !== 'taskId';
	return {
		operation: row.operation ?? 'create',
		timeout: 0,
		...(needsTask ? { taskId: await finishedTask() } : {}),
		...row.beside,
		...(isOption ? {} : own),
		options: isOption ? own : {},
	};
}

const ODD: IDataObject = ODD_VALUES;

const CELLS = Object.entries(KLING_TABLE).flatMap(([name, row]) =>
	Object.entries(row.cells).map(([odd, cell]) => ({ name, row, odd, value: ODD[odd], cell })),
);

const refusals = CELLS.filter(({ cell }) => 'refusal' in cell);
const values = CELLS.filter(({ cell }) => 'value' in cell);

test.each(refusals)('$name: $odd is refused before anything is sent', async (tried) => {
	const { name, row, value, cell } = tried;
	const parameters = await parametersWith(name, row);
	const before = emulator.current.count();
	const result = await create(parameters, { items: [{ value }] });
	const { message, description } = operationErrorOf(result);
	expect(message).toBe(`'${row.label}' ${'refusal' in cell ? cell.refusal : ''} [item 0]`);
	expect(description).not.toBe('');
	expect(emulator.current.count()).toBe(before);
});

test.each(values)('$name: $odd is taken', async ({ name, row, value }) => {
	const { error } = await create(await parametersWith(name, row), { items: [{ value }] });
	// A limit of 5 credits is taken, and then too low for any video; so is an ID that no workflow has.
	const refusal = String(error).replace(/'(Max Credits' is \d+, but|Callback URL' cannot be)/, '');
	expect(refusal).not.toContain(`'${row.label}'`);
});

test('no value is ever shown as an object in a text', () => {
	expect(everythingShown()).not.toMatch(/message[^\n]*\[object \w+\]/);
});
