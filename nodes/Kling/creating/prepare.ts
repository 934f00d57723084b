import type { IExecuteFunctions } from 'n8n-workflow';

import { type ApiClient, openClients } from '../api/client';
import { Failure, type Settled, Thrown, valuesOf } from '../api/failure';
import { estimateCredits } from '../api/pricing';
import type { Task } from '../api/task';
import type { Targets } from '../callback/target';
import { checkImages } from '../images/checkImages';
import { type Image, readImages } from '../images/itemImages';
import { CancelledError } from '../n8n/async';
import { isTool } from '../n8n/execution';
import { readCallback, readReference } from '../parameters/callback';
import { readResult, type ResultSettings } from '../parameters/result';
import { collect, settingsOf } from '../parameters/settings';
import { readSpending, type SpendingSettings, strictest } from '../parameters/spending';
import { readVideo } from '../parameters/video';
import { readWait, type WaitSettings, type WaitStrategy } from '../parameters/waiting';
import { fingerprintOf, type Journal, type Request } from './journal';

/** A run that creates. */
export interface Creating {
	context: IExecuteFunctions;
	/** Null in a dry run, which ignores what earlier tries created. */
	journal: Journal | null;
	targets: Targets;
	/** How it waits for its tasks; null where it does not. */
	strategy: WaitStrategy | null;
}

/** An item whose task is paid for, with every setting that was needed before paying. */
export interface Created {
	client: ApiClient;
	spending: SpendingSettings;
	result: ResultSettings;
	/** Null for an operation that does not wait. */
	wait: WaitSettings | null;
	task: Task;
}

/** An item that has to be paid for. */
export interface ToBuy extends Omit<Created, 'task'> {
	task: null;
	request: Request;
	imagesToCheck: readonly Image[];
	/** The credits of its account, once that was asked. */
	balance?: number;
}

/** The items before anything is sent: an earlier try may have made a task already. */
export type Items = ReadonlyArray<Settled<ToBuy | Created>>;

export function isToBuy(item: Items[number]): item is ToBuy {
	return !(item instanceof Failure) && item.task === null;
}

/** What holds for the run as a whole. */
export function spendingOf(items: Items) {
	return strictest(valuesOf(items).map(({ spending }) => spending));
}

/** Reads and checks all items. Nothing is spent, and what is wrong with one item is its own failure. */
export async function prepareAll(creating: Creating): Promise<Items> {
	const { context } = creating;
	const clientFor = openClients(context);
	const items: Array<Items[number]> = [];
	for (const itemIndex of context.getInputData().keys()) {
		items.push(
			await prepare(creating, itemIndex, clientFor).catch((thrown: unknown) => {
				if (thrown instanceof CancelledError) throw thrown;
				return new Thrown(thrown);
			}),
		);
	}
	const toCheck = items.filter(isToBuy).flatMap(({ imagesToCheck }) => imagesToCheck);
	const refusals = await checkImages(context, toCheck);
	return items.map((item) => {
		if (!isToBuy(item)) return item;
		return item.imagesToCheck.flatMap(({ url }) => refusals.get(url) ?? [])[0] ?? item;
	});
}

async function prepare(
	{ context, journal, targets, strategy }: Creating,
	itemIndex: number,
	clientFor: ReturnType<typeof openClients>,
): Promise<Items[number]> {
	const settings = settingsOf(context, itemIndex);
	const client = await clientFor(itemIndex);
	const afterwards = collect({
		wait: strategy === null ? null : readWait(settings, isTool(context)),
		result: readResult(settings),
		spending: readSpending(settings),
		client,
	});
	if (!(afterwards instanceof Failure)) {
		const task = (await journal?.existing(itemIndex, null, afterwards.client)) ?? null;
		if (task !== null) return task instanceof Failure ? task : { ...afterwards, task };
	}
	const read = collect({
		video: readVideo(settings),
		images: await readImages(context, itemIndex, settings, client),
		wish: strategy === null ? readCallback(settings) : ({ kind: 'wait', strategy } as const),
		reference: readReference(settings),
		afterwards,
	});
	if (read instanceof Failure) return read.about(journal?.taskIdOf(itemIndex) ?? null);
	const { video, images, wish, reference, afterwards: item } = read;
	const { prompt, duration, sound } = video;
	const identities = images.map(({ identity }) => identity);
	const fingerprint = fingerprintOf([prompt, identities, duration, sound]);
	const task = (await journal?.existing(itemIndex, fingerprint, item.client)) ?? null;
	if (task !== null) return task instanceof Failure ? task : { ...item, task };
	const target = await targets.resolve(wish, item.client.baseUrl, reference);
	if (target instanceof Failure) return target;
	const { callback, callbackUrl, shownUrl } = target;
	const estimatedCredits = estimateCredits(duration, sound);
	const summary = { estimatedCredits, duration, sound, callback, callbackUrl: shownUrl };
	const input = { prompt, image_urls: images.map(({ url }) => url), duration, sound };
	const request = { input, fingerprint, callbackUrl, summary };
	return { ...item, imagesToCheck: item.spending.checkImages ? images : [], request, task };
}
