/** How many consumers hold a connection, or the server, that feeds them, and what goes on once none does. */
export class Holds {
  #count = 0;
  #waiting: (() => void)[] | undefined = undefined;

  get isHeld(): boolean {
    return this.#count > 0;
  }

  /** Each call wants one of `letGo`. */
  hold(): void {
    this.#count++;
  }

  letGo(): void {
    if (--this.#count > 0) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const goesOn of waiting ?? []) goesOn();
  }

  /** `goesOn` is called once nothing holds. */
  whenLetGo(goesOn: () => void): void {
    (this.#waiting ??= []).push(goesOn);
  }
}
