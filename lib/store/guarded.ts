/** Gives what a repository throws the meaning that the store gives it, also outside transactions. */

/** The same repository, where each method throws what `explain` makes of what it threw. */
export function guarded<T extends object>(repository: T, explain: (thrown: unknown) => unknown): T {
  return new Proxy(repository, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]) => {
        try {
          return member.apply(target, parameters);
        } catch (thrown) {
          throw explain(thrown);
        }
      };
    },
  });
}
