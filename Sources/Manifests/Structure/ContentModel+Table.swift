// The document type as a table, in its own order. It has two things more: lists of `net_address`,
// a type that values may have, and leave to omit an instance's `enabled`, which only manifests need.
extension ContentModel {
    static let booleans = ["true", "false"]
    static let stabilities = [
        "Standard", "Stable", "Evolving", "Unstable", "External", "Obsolete",
    ]
    static let groupings = ["require_all", "require_any", "exclude_all", "optional_all"]
    static let restartEvents = ["error", "restart", "refresh", "none"]
    /// Names of the types of properties.
    static let types = [
        "count", "integer", "opaque", "host", "hostname", "net_address", "net_address_v4",
        "net_address_v6", "time", "astring", "ustring", "boolean", "fmri", "uri",
    ]

    private static let name = Attribute.required("name")
    private static let delete = Attribute.optional("delete", booleans, standard: "false")
    private static let override = Attribute.optional("override", booleans, standard: "false")
    private static let properties = Part.any("propval", "property")

    /// All elements by name.
    static let table: [String: ContentModel] = {
        var table = values
        for part in [groups, contexts, notifications, templates, patterns, entities] {
            table.merge(part) { _, _ in preconditionFailure("an element is in the table twice") }
        }
        for type in types {
            table["\(type)_list"] = ContentModel(.sequence([.some("value_node")]))
        }
        return table
    }()

    private static let values: [String: ContentModel] = [
        "stability": ContentModel(.empty, [.required("value", stabilities)]),
        "value_node": ContentModel(.empty, [.required("value")]),
        "property": ContentModel(
            .sequence([Part(names: types.map { "\($0)_list" }, least: 0, most: 1)]),
            [name, .required("type", types), override]),
        "propval": ContentModel(
            .empty, [name, .required("type", types), .required("value"), override]),
        "service_fmri": ContentModel(.empty, [.required("value")]),
    ]

    private static let groups: [String: ContentModel] = [
        "property_group": ContentModel(
            .sequence([.maybe("stability"), properties]), [name, .required("type"), delete]),
        "dependency": ContentModel(
            .sequence([.any("service_fmri"), .maybe("stability"), properties]),
            [
                name, .required("grouping", groupings), .required("restart_on", restartEvents),
                .required("type"), delete,
            ]),
        "dependent": ContentModel(
            .sequence([.one("service_fmri"), .maybe("stability"), properties]),
            [
                name, .required("grouping", groupings), .required("restart_on", restartEvents),
                delete, override,
            ]),
        "exec_method": ContentModel(
            .sequence([.maybe("method_context"), .maybe("stability"), properties]),
            [
                .required("type", ["method", "monitor"]), name, .required("exec"),
                .required("timeout_seconds"), delete,
            ]),
        "restarter": ContentModel(.sequence([.one("service_fmri")])),
    ]

    private static let contexts: [String: ContentModel] = [
        "envvar": ContentModel(.empty, [name, .required("value")]),
        "method_environment": ContentModel(.sequence([.some("envvar")])),
        "method_profile": ContentModel(.empty, [name]),
        "method_credential": ContentModel(
            .empty,
            [
                .required("user"), .optional("group"), .optional("supp_groups"),
                .optional("privileges"), .optional("limit_privileges"),
            ]),
        "method_context": ContentModel(
            .sequence([
                .maybe("method_profile", "method_credential"), .maybe("method_environment"),
            ]),
            [
                .optional("working_directory"), .optional("project"), .optional("resource_pool"),
                .optional("security_flags"),
            ]),
    ]

    private static let notifications: [String: ContentModel] = [
        "paramval": ContentModel(.empty, [name, .required("value")]),
        "parameter": ContentModel(.sequence([.any("value_node")]), [name]),
        "event": ContentModel(.empty, [.required("value")]),
        "type": ContentModel(
            .oneKind(["parameter", "paramval"]),
            [name, .optional("active", booleans, standard: "true")]),
        "notification_parameters": ContentModel(.sequence([.one("event"), .some("type")])),
    ]

    private static let templates: [String: ContentModel] = [
        "doc_link": ContentModel(.empty, [name, .required("uri")]),
        "manpage": ContentModel(
            .empty,
            [
                .required("title"), .required("section"),
                .optional("manpath", standard: ":default"),
            ]),
        "documentation": ContentModel(.sequence([.any("doc_link", "manpage")])),
        "loctext": ContentModel(.text, [.required("xml:lang")]),
        "description": ContentModel(.sequence([.some("loctext")])),
        "common_name": ContentModel(.sequence([.some("loctext")])),
        "units": ContentModel(.sequence([.some("loctext")])),
        "template": ContentModel(
            .sequence([
                .one("common_name"), .maybe("description"), .maybe("documentation"),
                .any("pg_pattern"),
            ])),
    ]

    private static let patterns: [String: ContentModel] = [
        "visibility": ContentModel(
            .empty, [.required("value", ["hidden", "readonly", "readwrite"])]),
        "value": ContentModel(.sequence([.maybe("common_name"), .maybe("description")]), [name]),
        "values": ContentModel(.sequence([.some("value")])),
        "cardinality": ContentModel(
            .empty,
            [.optional("min", standard: "0"), .optional("max", standard: "\(UInt64.max)")]),
        "internal_separators": ContentModel(.text),
        "range": ContentModel(.empty, [.required("min"), .required("max")]),
        "constraints": ContentModel(.sequence([.any("value"), .any("range")])),
        "include_values": ContentModel(.empty, [.required("type", ["constraints", "values"])]),
        "choices": ContentModel(
            .sequence([.any("value"), .any("range"), .any("include_values")])),
        "prop_pattern": ContentModel(
            .sequence([
                .maybe("common_name"), .maybe("description"), .maybe("units"),
                .maybe("visibility"), .maybe("cardinality"), .maybe("internal_separators"),
                .maybe("values"), .maybe("constraints"), .maybe("choices"),
            ]),
            [
                name, .optional("type", types, standard: ""),
                .optional("required", booleans, standard: "false"),
            ]),
        "pg_pattern": ContentModel(
            .sequence([.maybe("common_name"), .maybe("description"), .any("prop_pattern")]),
            [
                .optional("name", standard: ""), .optional("type", standard: ""),
                .optional("required", booleans, standard: "false"),
                .optional("target", ["this", "instance", "delegate", "all"], standard: "this"),
            ]),
    ]

    private static let entities: [String: ContentModel] = [
        "create_default_instance": ContentModel(.empty, [.required("enabled", booleans)]),
        "single_instance": ContentModel(.empty),
        "instance": ContentModel(
            .sequence([
                .maybe("restarter"), .any("dependency"), .any("dependent"),
                .maybe("method_context"), .any("exec_method"), .any("notification_parameters"),
                .any("property_group"), .maybe("template"),
            ]), [name, .optional("enabled", booleans)]),
        "service": ContentModel(
            .sequence([
                .maybe("create_default_instance"), .maybe("single_instance"), .maybe("restarter"),
                .any("dependency"), .any("dependent"), .maybe("method_context"),
                .any("exec_method"), .any("notification_parameters"), .any("property_group"),
                .any("instance"), .maybe("stability"), .maybe("template"),
            ]), [name, .required("version"), .required("type", serviceTypes)]),
        "service_bundle": ContentModel(
            .oneKind(["service_bundle", "service"]),
            [.required("type", ["manifest", "profile", "archive"]), name]),
    ]
    static let serviceTypes = ["service", "restarter", "milestone"]
}
