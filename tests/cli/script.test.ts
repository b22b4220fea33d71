import { describe, expect, it } from "vitest";
import { Expectations } from "../../src/cli/expectations.ts";
import { parseRunOptions } from "../../src/cli/options.ts";
import { PlainText } from "../../src/cli/plainText.ts";
import { ScreenTail } from "../../src/cli/screenTail.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("PlainText", () => {
  it.each([
    ["escape sequences", "~ # \x1b[6n\x1b[1;32mgreen\x1b[0m", "~ # green"],
    ["titles and other strings", "\x1b]0;title\x07a\x1bP1$r\x1b\\b", "ab"],
    ["two-character sequences", "\x1b7\x1b(B\x1bcx", "x"],
    ["line ends of any kind", "a\r\nb\r\r\nc\rd\n", "a\nb\nc\nd\n"],
    ["control characters", "a\x07\b\0b\tc", "ab\tc"],
    ["UTF-8", "größe €", "größe €"],
  ])("makes plain: %s", (_name, raw, plain) => {
    expect(new PlainText().write(bytes(raw))).toBe(plain);
    const piecewise = new PlainText();
    expect([...bytes(raw)].map((byte) => piecewise.write(Uint8Array.of(byte))).join("")).toBe(plain);
  });
});

describe("ScreenTail", () => {
  const newText = (old: string, now: string) => {
    const tail = new ScreenTail();
    tail.mark(old);
    return tail.after(now);
  };

  it("tells new text from old", () => {
    expect(new ScreenTail().after("boot\n~ #\n\n")).toBe("boot\n~ #");
    expect(newText("boot\n~ #\n", "boot\n~ # ls\nbin\n~ #\n")).toBe(" ls\nbin\n~ #");
    expect(newText("boot\n~ #\n", "boot\n~ #\n")).toBe("");
  });

  it("follows a scrolling screen", () => {
    expect(newText("a\nb\n~ #", "b\n~ # ls\n~ #")).toBe(" ls\n~ #");
    expect(newText("a\nb\n~ #", "x\ny\n~ #")).toBe("x\ny\n~ #");
  });

  it("takes a cleared screen as new", () => {
    expect(newText("a\nb", "")).toBe("");
    expect(newText("", "menu")).toBe("menu");
  });
});

function script(...args: string[]) {
  const done: string[] = [];
  const screen = { text: "" };
  const expectations = new Expectations(parseRunOptions(args), {
    perform: (input) =>
      done.push(`${input.on}: ${input.on === "mouse" ? [input.dx, input.dy, input.buttons] : input.text}`),
    screenText: () => screen.text,
  });
  const say = (text: string) => expectations.serialOutput(bytes(text));
  return { done, screen, expectations, say };
}

describe("Expectations", () => {
  it("waits for each pattern after the match before", () => {
    const { done, expectations, say } = script(
      "--send",
      "~ # =>uname\\n",
      "--send",
      "~ # =>exit\\n",
      "--until",
      "bye$",
    );
    say("Linux\r\n~ \x1b[6n# ");
    expect(done).toEqual(["serial: uname\n"]);
    expect(expectations.waitingFor).toBe("/~ # / of --send");
    say("uname\r\nLinux\r\n~ # ");
    expect(done).toEqual(["serial: uname\n", "serial: exit\n"]);
    expect(expectations.waitingFor).toBe("/bye$/ of --until");
    expect(say("exit\r\nbye\r\n")).toBe(true);
    expect(expectations.waitingFor).toBeUndefined();
  });

  it("lets the next input go before --until", () => {
    const { done, say } = script("--send", "#=>a", "--until", "#");
    expect(say("#")).toBe(false);
    expect(done).toEqual(["serial: a"]);
    expect(say("a #")).toBe(true);
  });

  it("moves the mouse at what is on the screen or on the serial line", () => {
    const { done, screen, expectations, say } = script(
      "--mouse",
      "Desktop=>5,-6,0",
      "--mouse",
      "ready=>0,0,1",
      "--send",
      "x=>y",
    );
    screen.text = "Desktop";
    expectations.checkScreen();
    expect(expectations.waitingFor).toBe("/ready/ of --mouse");
    say("ready");
    expect(done).toEqual(["mouse: 5,-6,0", "mouse: 0,0,1"]);
  });

  it("ends at --until even if an input still waits", () => {
    expect(script("--send", "login=>root", "--until", "panic").say("Kernel panic")).toBe(true);
  });

  it("knows where lines begin and end", () => {
    const { say } = script("--until", "^ok$");
    expect(say("not ok\r\nok then\r\n")).toBe(false);
    expect(say("ok\r\n")).toBe(true);
  });

  it("sees the screen for --until and --type, not for --send", () => {
    const { done, screen, expectations } = script("--type", "boot: $=>linux<enter>", "--send", "#=>x", "--until", "#");
    screen.text = "boot:\n\n";
    expect(expectations.checkScreen()).toBe(false);
    expect(done).toEqual(["keyboard: linux<enter>"]);
    expect(expectations.checkScreen()).toBe(false);
    screen.text = "boot: linux\n#\n";
    expect(expectations.checkScreen()).toBe(true);
    expect(done).toHaveLength(1);
  });

  it("finds a pattern across writes and in an endless log", () => {
    const { say } = script("--until", "^login: $");
    for (let i = 0; i < 5000; i++) expect(say(`${"x".repeat(50)}\n`)).toBe(false);
    say("log");
    expect(say("in: ")).toBe(true);
  });
});
