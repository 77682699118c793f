/** Mocha's usual report, and `N passed, N failed, N skipped` as its last line. On a build server a skip is a failure. */
import Mocha from "mocha";

const { Base, Spec } = Mocha.reporters;

export default class SummaryReporter extends Spec {
  /** Called once after everything; what it hands to `exit` decides on mocha's exit code. */
  override done(failures: number, exit: (failures: number) => void): void {
    const { passes, pending } = this.stats;
    Base.consoleLog(`${passes} passed, ${failures} failed, ${pending} skipped`);
    exit(process.env.CI ? failures + pending : failures);
  }
}
