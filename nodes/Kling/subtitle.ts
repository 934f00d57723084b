import { CREDITS_PER_SECOND } from './task/pricing';

const { silent, sound } = CREDITS_PER_SECOND;

const NAMES =
	'{ create: "Create", createAndWait: "Create & Wait", getTask: "Get Task", wait: "Wait", getCredits: "Get Credits" }[$parameter["operation"]]';

const CREDITS = `$parameter["duration"] * ($parameter["sound"] ? ${sound} : ${silent})`;

const PRICE = `": " + $parameter["duration"] + " s" + ($parameter["sound"] ? " ♪" : "") + ", ~" + ${CREDITS} + " cr"`;

const HAS_PRICE =
	'["create", "createAndWait"].includes($parameter["operation"]) && $parameter["duration"] > 0 && [true, false].includes($parameter["sound"])';

/**
 * The line below the node on the canvas: the operation, and before anything is spent also what a
 * video will cost. Expressions without a value yet leave the price out.
 *
 * The canvas has room for some thirty letters and cuts off the rest, which would be the price.
 */
export const SUBTITLE = `={{ ${NAMES} + (${HAS_PRICE} ? ${PRICE} : "") }}`;
