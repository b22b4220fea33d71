/** The windows on the stack's page: opened only where plain loads and stores go, shut by all that takes those away. */
import { beforeEach, describe, expect, it } from "vitest";
import { CR0, CR4, GUEST_RAM, Mmu, P, SCRATCH, Tables64, U, W } from "./harness";

const m = new Mmu();
const x = m.x;
const PAGE = 0x1000;
const STACK = 0x50_0000n;
const TOP = STACK + 0xff0n;
const SHUT = -1n;
const ALIGNMENT_CHECK = 1n << 18n;
const [SUPERVISOR, USER] = [0, 1];
const CPL_OF = [0, 3];
const DR7_WRITE_0 = 0x1_0001n;

const window = (user: number) => x.stackWindow!(user) as unknown as bigint;

/** Uses the stack and looks at the window, as a region does when it is entered. */
function useStack(user: number, linear = TOP): bigint {
  x.switchTo!(CPL_OF[user]!, 0n);
  x.store32!(linear, 1n);
  x.load32!(linear);
  x.moveStackWindow!(linear);
  return window(user);
}

function enable(rights: bigint, options: { cr0?: bigint; cr4?: bigint } = {}): void {
  const tables = new Tables64(m);
  tables.map(STACK, STACK, rights);
  tables.enable(options);
}

beforeEach(() => m.reset());

describe("a window", () => {
  it("opens on a page that is read and written plainly, for each privilege", () => {
    enable(P | W | U);
    expect(window(USER)).toBe(SHUT);
    expect(useStack(USER)).toBe(STACK);
    expect(window(SUPERVISOR)).toBe(SHUT);
    expect(useStack(SUPERVISOR)).toBe(STACK);
    expect(x.stackWindowHost!(USER)).toBe(GUEST_RAM + Number(STACK));
  });

  it("stays shut for a page that is not in the TLB, not writable, or holds code", () => {
    enable(P | W);
    x.switchTo!(0, 0n);
    x.moveStackWindow!(TOP);
    expect(window(SUPERVISOR)).toBe(SHUT);
    x.markCodePage!(Number(STACK) / PAGE);
    expect(useStack(SUPERVISOR)).toBe(SHUT);
    enable(P, { cr0: CR0.WP });
    expect(useStack(SUPERVISOR)).toBe(SHUT);
  });

  it("of supervisor code has no user page where SMAP forbids that", () => {
    enable(P | W | U, { cr4: CR4.SMAP });
    x.switchTo!(0, ALIGNMENT_CHECK);
    x.store32!(TOP, 1n);
    x.moveStackWindow!(TOP);
    expect(window(SUPERVISOR)).toBe(SHUT);
  });

  it.each<[string, () => void]>([
    ["MOV CR3", () => x.nonGlobal!()],
    ["a flush of everything", () => x.all!()],
    ["INVLPG", () => x.page!(STACK)],
    ["code made from the page", () => x.markCodePage!(Number(STACK) / PAGE)],
    ["a look at what is dirty", () => x.takeDirtyPages!((GUEST_RAM + Number(STACK)) / PAGE, 64, SCRATCH)],
    ["a data breakpoint", () => x.setDebug!(TOP, DR7_WRITE_0)],
  ])("is shut by %s", (_what, shut) => {
    enable(P | W | U);
    useStack(SUPERVISOR);
    useStack(USER);
    shut();
    expect([window(SUPERVISOR), window(USER)]).toEqual([SHUT, SHUT]);
  });

  it("is shut while alignment is checked", () => {
    enable(P | W | U, { cr0: CR0.AM });
    useStack(USER);
    x.switchTo!(3, ALIGNMENT_CHECK);
    expect(window(USER)).toBe(SHUT);
    x.moveStackWindow!(TOP);
    expect(window(USER)).toBe(SHUT);
  });
});
