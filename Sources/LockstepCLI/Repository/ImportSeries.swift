package import Manifests
import Wording

/// Several documents imported one after the other, up to the first that fails.
package struct ImportSeries: Sendable {
    /// What each document that was imported has done; in force even where a later one failed.
    package private(set) var reports: [(file: String, report: ImportReport)] = []
    /// Why the one behind those was not imported; nil: all were.
    package private(set) var failure: CommandFailure?

    /// Imports all; never begins one behind one that failed.
    package init(
        of trees: [(file: String, tree: ServiceTree)], into repository: some PropertyRepository
    ) async {
        for (file, tree) in trees {
            do throws(RepositoryFailure) {
                reports.append((file, try await ManifestImport(into: repository).run(tree)))
            } catch {
                let command = error.command
                let text = Self.text(command, of: tree)
                let done = Words.counted(reports.count, "file")
                let rest = trees.count - reports.count - 1
                let told =
                    trees.count == 1
                    ? "" : "; \(done) before it stand imported, \(rest) behind it were not begun"
                failure = command.told(
                    as: "\(file): \(text)\(told)", isOutcomeKnown: command.isOutcomeKnown)
                return
            }
        }
    }

    /// What failed, with what can be done about a document that is too large.
    private static func text(_ failure: CommandFailure, of tree: ServiceTree) -> String {
        // The client's advice and the cluster's: two documents of one service would undo each other.
        let advices = ["; split it", "; split the transaction"]
        guard let general = advices.first(where: failure.text.hasSuffix) else {
            return failure.text
        }
        return "\(failure.text.dropLast(general.count)); \(tree.advice)"
    }
}
