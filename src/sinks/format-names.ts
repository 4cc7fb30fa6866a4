/** What formats there are. Apart from those who write them, so that the command line can be read without all of them. */

/** What can be printed over and over. */
export const OUTPUT_FORMATS = ["table", "wide", "lines", "json", "csv"] as const;
/** What a report at the end can be. */
export const REPORT_FORMATS = [...OUTPUT_FORMATS, "markdown"] as const;
export type OutputFormat = (typeof REPORT_FORMATS)[number];

/** Of single exchanges. */
export const EXCHANGE_FORMATS = ["lines", "json", "csv"] as const;
export type ExchangeFormat = (typeof EXCHANGE_FORMATS)[number];
