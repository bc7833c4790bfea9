/// Finds what a misspelt name was meant to be.
package enum NearestName {
    /// The name that takes the fewest insertions, deletions and replacements of a byte to come to
    /// `text`, where at most a third of its bytes differ; the first of several.
    package static func of(_ text: String, among names: [String]) -> String? {
        let measured = names.map { (name: $0, distance: distance(text, $0)) }
        let nearest = measured.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= max(1, nearest.name.utf8.count / 3) else {
            return nil
        }
        return nearest.name
    }

    /// A sentence's end that proposes the nearest name; empty where none is near.
    package static func hint(_ text: String, among names: [String]) -> String {
        of(text, among: names).map { ", did you mean \($0)?" } ?? ""
    }

    /// *Levenshtein 1966*, row by row.
    private static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8.prefix(128)), Array(other.utf8))
        var row = Array(0...other.count)
        for (place, byte) in one.enumerated() {
            var diagonal = row[0]
            row[0] = place + 1
            for column in other.indices {
                let replaced = diagonal + (byte == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
