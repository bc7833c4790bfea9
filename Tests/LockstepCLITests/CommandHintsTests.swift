import LockstepCLI
import Testing

/// Words that stand where a command's name should.
@Suite struct CommandHintsTests {
    @Test(arguments: [
        ("scf frob", "lockstep scf has no command \"frob\"; lockstep help scf names all"),
        (
            "scf impor x",
            "lockstep scf has no command \"impor\", perhaps import is meant; "
                + "lockstep help scf names all"
        ),
        (
            "scf snapshot tke",
            "lockstep scf snapshot has no command \"tke\", perhaps take is meant; "
                + "lockstep help scf snapshot names all"
        ),
        ("help scf frob", "lockstep scf has no command \"frob\"; lockstep help scf names all"),
        ("scf help import", "help stands in front, as in lockstep help scf list"),
        (
            "scf -s svc:/a setprop g/p = 1",
            "-s stands behind the command, as in lockstep scf setprop -s FMRI …"
        ),
    ])
    func `a word that is no command is told`(_ words: String, _ told: String) {
        #expect(CommandHints.hint(on: words.split(separator: " ").map(String.init)) == told)
    }

    @Test(arguments: ["", "scf", "help", "help scf list", "scf list frob", "scf --help"])
    func `of what is no word for a command nothing is told`(_ words: String) {
        #expect(CommandHints.hint(on: words.split(separator: " ").map(String.init)) == nil)
    }
}
