/** Something that can be explored to its last state: what may happen in each, and what becomes of it. */
export interface Model<State, Move> {
  readonly start: State;
  /** The same for states that differ in nothing that matters. */
  key(state: State): string;
  moves(state: State): readonly Move[];
  /** Leaves `state` as it is. `wrong`: what must never happen happened in this move. */
  take(state: State, move: Move): { state: State; wrong?: string };
  /** What must never be so, as a sentence. */
  wrong(state: State): string | undefined;
  /** Nothing is left to do. */
  atRest(state: State): boolean;
  /** It has to come to rest from here by itself, that is without moves that disturb. */
  mustRest(state: State): boolean;
  disturbs(move: Move): boolean;
  /** The move in words; `state` is the one before it. */
  says(state: State, move: Move): string;
}

export interface Exploration {
  states: number;
  moves: number;
  violation?: Violation;
}

export interface Violation {
  /** What does not hold, as a sentence. */
  broken: string;
  /** The shortest way there, in words. */
  trace: string[];
}

/**
 * Visits every state that can be reached, nearest first, so that the first violation has the shortest trace. Without one,
 * goes back from all states at rest: whatever has to come to rest and is not met on the way is in limbo.
 *
 * @throws Error when there are more than `limit` states
 */
export function explore<State, Move>(model: Model<State, Move>, limit = 3_000_000): Exploration {
  const seen = new Map<string, number>([[model.key(model.start), 0]]);
  const paths = new Paths();
  const graph = new Graph();
  const resting: number[] = [];
  const obliged: number[] = [];
  let moves = 0;
  let level: { id: number; state: State }[] = [{ id: 0, state: model.start }];
  const found = (id: number, broken: string, last?: number): Exploration => ({
    states: seen.size,
    moves,
    violation: { broken, trace: told(model, [...paths.to(id), ...(last === undefined ? [] : [last])]) },
  });
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { id, state } of level) {
      const broken = model.wrong(state);
      if (broken !== undefined) return found(id, broken);
      if (model.atRest(state)) resting.push(id);
      else if (model.mustRest(state)) obliged.push(id);
      for (const [at, move] of model.moves(state).entries()) {
        moves++;
        const after = model.take(state, move);
        if (after.wrong !== undefined) return found(id, after.wrong, at);
        const key = model.key(after.state);
        let to = seen.get(key);
        if (to === undefined) {
          to = seen.size;
          if (to >= limit) throw new Error(`There are more than ${limit} states.`);
          seen.set(key, to);
          paths.add(id, at);
          next.push({ id: to, state: after.state });
        }
        if (!model.disturbs(move)) graph.add(id, to);
      }
    }
    level = next;
  }
  const reached = graph.before(resting, seen.size);
  const stuck = obliged.find((id) => reached[id] === 0);
  if (stuck === undefined) return { states: seen.size, moves };
  return found(stuck, "From here on nothing comes to rest by itself: something is in limbo.");
}

function told<State, Move>(model: Model<State, Move>, path: readonly number[]): string[] {
  let { start: state } = model;
  return path.map((at) => {
    const move = nth(model.moves(state), at);
    const words = model.says(state, move);
    ({ state } = model.take(state, move));
    return words;
  });
}

/** How each state was reached first: from which one, by which of its moves. */
class Paths {
  readonly #from: number[] = [0];
  readonly #move: number[] = [0];

  add(from: number, move: number): void {
    this.#from.push(from);
    this.#move.push(move);
  }

  to(id: number): number[] {
    const path: number[] = [];
    for (let at = id; at !== 0; at = this.#from[at] ?? 0) path.push(this.#move[at] ?? 0);
    return path.toReversed();
  }
}

/** Edges, as lists by the state they lead to. */
class Graph {
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  add(from: number, to: number): void {
    this.#from.push(from);
    this.#to.push(to);
  }

  /** Marks every state from which one of `goals` can be reached. */
  before(goals: readonly number[], states: number): Uint8Array {
    const { starts, sources } = this.#byTarget(states);
    const marked = new Uint8Array(states);
    const open = [...goals];
    for (const goal of goals) marked[goal] = 1;
    for (let to = open.pop(); to !== undefined; to = open.pop())
      for (let at = starts[to] ?? 0; at < (starts[to + 1] ?? 0); at++) {
        const from = sources[at] ?? 0;
        if (marked[from] === 1) continue;
        marked[from] = 1;
        open.push(from);
      }
    return marked;
  }

  #byTarget(states: number): { starts: Uint32Array; sources: Uint32Array } {
    const starts = new Uint32Array(states + 1);
    for (const to of this.#to) starts[to + 1] = (starts[to + 1] ?? 0) + 1;
    for (let to = 0; to < states; to++) starts[to + 1] = (starts[to + 1] ?? 0) + (starts[to] ?? 0);
    const free = starts.slice();
    const sources = new Uint32Array(this.#to.length);
    for (const [edge, to] of this.#to.entries()) {
      const place = free[to] ?? 0;
      sources[place] = this.#from[edge] ?? 0;
      free[to] = place + 1;
    }
    return { starts, sources };
  }
}

export function nth<T>(list: readonly T[], at: number): T {
  const found = list[at];
  if (found === undefined) throw new Error(`There is no ${at} of ${list.length}.`);
  return found;
}
