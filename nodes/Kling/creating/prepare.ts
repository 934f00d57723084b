import type { IExecuteFunctions } from 'n8n-workflow';

import { type ApiClient, openClients } from '../api/client';
import { Failure, type Settled, Thrown, valuesOf } from '../api/failure';
import { estimateCredits } from '../api/pricing';
import type { Task } from '../api/task';
import type { Targets } from '../callback/target';
import { checkImages } from '../images/checkImages';
import { readImages } from '../images/itemImages';
import { CancelledError } from '../n8n/async';
import { readReference } from '../parameters/callback';
import { type ImageSettings, readImageSettings } from '../parameters/images';
import { readResult, type ResultSettings } from '../parameters/result';
import { collect, type Settings, settingsOf } from '../parameters/settings';
import { readSpending, type SpendingSettings, strictest } from '../parameters/spending';
import { readVideo } from '../parameters/video';
import type { WaitSettings } from '../parameters/waiting';
import type { Journal, Request } from './journal';

/** A run that creates. */
export interface Creating {
	context: IExecuteFunctions;
	journal: Journal;
	targets: Targets;
	/** Null for an operation that does not wait. */
	readWait(settings: Settings): Settled<WaitSettings | null>;
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
	imageSettings: ImageSettings;
	/** The credits of its account, once that was asked. */
	balance?: number;
}

/** The items before anything is sent: an earlier try may have made a task already. */
export type Items = ReadonlyArray<Settled<ToBuy | Created>>;

export function isToBuy(item: Items[number]): item is ToBuy {
	return !(item instanceof Failure) && item.task === null;
}

/** What holds for the run as a whole. */
export function spendingOf(items: Items): SpendingSettings {
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
	return await refuseBadImages(context, items);
}

async function prepare(
	{ context, journal, targets, readWait }: Creating,
	itemIndex: number,
	clientFor: ReturnType<typeof openClients>,
): Promise<Items[number]> {
	const settings = settingsOf(context, itemIndex);
	const client = await clientFor(itemIndex);
	const afterwards = collect({
		wait: readWait(settings),
		result: readResult(settings),
		spending: readSpending(settings),
		client,
	});
	const existing = journal.find(itemIndex, null);
	if (existing !== null) {
		if (afterwards instanceof Failure) return afterwards.about(existing.taskId);
		const task = await journal.taskOf(existing, afterwards.client);
		if (task !== null) return task instanceof Failure ? task : { ...afterwards, task };
	}
	const imageSettings = readImageSettings(settings);
	const read = collect({
		video: readVideo(settings),
		imageSettings,
		images: await readImages(context, itemIndex, imageSettings, client),
		callback: targets.read(settings),
		reference: readReference(settings),
		afterwards,
	});
	if (read instanceof Failure) return read;
	const { prompt, duration, sound } = read.video;
	const input = { prompt, image_urls: read.images.urls, duration, sound };
	const wanted = { input, imageIdentities: read.images.identities };
	const item = read.afterwards;
	const claimed = journal.find(itemIndex, wanted);
	const task = claimed === null ? null : await journal.taskOf(claimed, item.client);
	if (task !== null) return task instanceof Failure ? task : { ...item, task };
	const target = await targets.resolve(read.callback, item.client.baseUrl, read.reference);
	if (target instanceof Failure) return target;
	const { callback, callbackUrl, shownUrl } = target;
	const estimatedCredits = estimateCredits(duration, sound);
	const summary = { estimatedCredits, duration, sound, callback, callbackUrl: shownUrl };
	const request = { ...wanted, callbackUrl, summary };
	return { ...item, imageSettings: read.imageSettings, request, task };
}

async function refuseBadImages(context: IExecuteFunctions, items: Items): Promise<Items> {
	const toCheck = items.map((item) => {
		if (!isToBuy(item) || !item.imageSettings.checked) return null;
		return { source: item.imageSettings.source, urls: item.request.input.image_urls };
	});
	const refusals = await checkImages(
		context,
		toCheck.flatMap((images) => images ?? []),
	);
	return items.map((item, itemIndex) => {
		const urls = toCheck[itemIndex]?.urls ?? [];
		return urls.flatMap((url) => refusals.get(url) ?? [])[0] ?? item;
	});
}
