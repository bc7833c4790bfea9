/// Where something stands in a document: line and column count from 1.
///
/// An element's place is where its start tag begins; of a document that is not in UTF-8, where the tag
/// ends.
package struct DocumentPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package var description: String {
        "line \(line), column \(column)"
    }

    package static func < (left: DocumentPlace, right: DocumentPlace) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// An element of a document with all that it holds.
package struct Element: Sendable {
    package struct Attribute: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package let name: String
    package let place: DocumentPlace
    /// In the order of the document; no name twice.
    package private(set) var attributes: [Attribute]
    package var children: [Element]
    /// What an element that may hold text holds, white space and all; empty for all others.
    package var text: String
    /// Where text stands in an element that may hold none.
    package var strayText: DocumentPlace?

    package init(
        _ name: String, _ attributes: [(String, String)] = [], _ children: [Element] = [],
        text: String = "", at place: DocumentPlace = DocumentPlace(line: 0, column: 0)
    ) {
        self.name = name
        self.place = place
        self.attributes = attributes.map { Attribute(name: $0.0, value: $0.1) }
        self.children = children
        self.text = text
    }

    /// The value of an attribute; nil where it is not given.
    package subscript(attribute: String) -> String? {
        attributes.first { $0.name == attribute }?.value
    }

    /// The value of an attribute that every valid element of this name has, given or by default.
    ///
    /// Empty for one that is required and missing, which the structure's check has told.
    func value(of attribute: String) -> String {
        self[attribute] ?? ContentModel.table[name]?.attribute(attribute)?.standard ?? ""
    }

    /// The same with another value of an attribute, given before or not.
    func setting(_ attribute: String, to value: String) -> Element {
        var element = self
        element.attributes.removeAll { $0.name == attribute }
        element.attributes.append(Attribute(name: attribute, value: value))
        return element
    }

    /// The elements of that name right below this one.
    func children(named name: String) -> [Element] {
        children.filter { $0.name == name }
    }
}
