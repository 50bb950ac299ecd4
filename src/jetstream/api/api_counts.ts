/** How many requests of an account were answered, and how many of those with an error. */
export interface ApiCounts {
  total: number;
  errors: number;
}
