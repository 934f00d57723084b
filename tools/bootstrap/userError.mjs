/** Something the user can do something about: its message is one sentence, shown without a stack. */
export class UserError extends Error {}
