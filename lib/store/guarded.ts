/** Gives what a repository throws the meaning that the store gives it, also outside transactions. */

/** The same repository, where each method throws what `explain` makes of what it threw. */
export function guarded<T extends object>(repository: T, explain: (thrown: unknown) => unknown): T {
  const guard: T = Object.create(repository);
  const prototype: object = Object.getPrototypeOf(repository);
  for (const [name, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === "constructor" || typeof method !== "function") continue;
    const value = (...parameters: unknown[]) => {
      try {
        return method.apply(repository, parameters);
      } catch (thrown) {
        throw explain(thrown);
      }
    };
    Object.defineProperty(guard, name, { value });
  }
  return guard;
}
