import LockstepCLI
import Testing

/// What patterns fit.
@Suite struct GlobTests {
    @Test(arguments: [
        ("", "", true), ("a", "", false), ("", "*", true), ("abc", "a*c", true),
        ("abbc", "a*bc", true), ("ab", "a*bc", false), ("a/b/c", "a*c", true), ("abc", "a?c", true),
        ("ac", "a?c", false), ("abc", "a[a-c]c", true), ("abc", "a[!a-c]c", false),
        ("a]c", "a[]]c", true), ("a[c", "a[c", true), ("aXc", "a[b-", false), ("ä", "??", true),
    ])
    func `a pattern is the shell's`(_ text: String, _ pattern: String, _ fits: Bool) {
        #expect(Glob.matches(text, pattern) == fits)
    }
}
