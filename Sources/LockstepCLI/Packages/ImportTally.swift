/// How much of an import is in force.
package struct ImportTally {
    package let packages: Int
    /// Packages that are certainly committed.
    package var committed = 0
    /// Packages that may be.
    package var unknown = 0
    /// The first failure.
    package var cause: CommandFailure?

    package init(packages: Int) {
        self.packages = packages
    }

    /// How the command fails; nil if it does not.
    ///
    /// Every package is a transaction of its own, so those before the failure stay.
    package var failure: CommandFailure? {
        guard let cause else { return nil }
        var text = "\(cause.text); \(committed) of \(packages) packages are committed"
        if unknown > 0 { text += ", and \(unknown) more may be" }
        text += "; run it again to go on, which leaves those as they are"
        return cause.told(as: text, isOutcomeKnown: unknown == 0)
    }
}
