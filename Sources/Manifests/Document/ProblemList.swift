/// What is wrong with one document, as it is found: the first of it, and how much more there is.
struct ProblemList: Sendable {
    /// Problems that are kept.
    private let most: Int
    private var kept: [ManifestProblem] = []
    /// Problems that were found, kept or not.
    private(set) var count = 0

    init(most: Int) {
        self.most = most
    }

    mutating func append(_ problem: ManifestProblem) {
        count += 1
        if kept.count < most { kept.append(problem) }
    }

    /// These with those of another look at the same document.
    func joined(with other: ProblemList) -> ProblemList {
        var all = self
        all.kept += other.kept
        all.count += other.count
        return all
    }

    /// The refusal of the document, in its order; nil where nothing is wrong.
    var failure: ManifestFailure? {
        guard count > 0 else { return nil }
        let told = kept.enumerated().sorted { left, right in
            (left.element.place, left.offset) < (right.element.place, right.offset)
        }.prefix(most).map(\.element)
        return .invalid(told, more: count - told.count)
    }
}
