/** Version of what this package offers. */
export const PLACE = "tags";
