/** Names of accounts that need no configuration. */

/** The account of all who are given no other one. */
export const GLOBAL_ACCOUNT = "$G";

/** The system account, unless the configuration names another one. */
export const SYSTEM_ACCOUNT = "$SYS";
