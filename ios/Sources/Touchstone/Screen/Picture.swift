import TouchstoneFFI

/// What is drawn: a ``Screen`` in the words of a language. Always in this order: title, status, detail, field or list, button, other controls, help.
public struct Picture: Equatable, Sendable {
    /// A control.
    public struct Control: Equatable, Sendable, Identifiable {
        /// What it does.
        public let id: ActionId
        /// What it says, which is also its accessible name.
        public let label: String
        /// What else Voice Control understands, the visible label first.
        public let inputLabels: [String]

        init(_ id: ActionId, label: Msg, _ texts: Texts) {
            let visible = texts.text(label)
            self.id = id
            self.label = visible
            inputLabels = [visible] + Self.synonyms(of: id).map { texts.text(Msg(id: $0, args: [])) }
        }

        /// The control that begins an attempt, before there is one.
        static func connect(_ texts: Texts) -> Self {
            Self(.connectDevice, label: Msg(id: .labelConnectDevice, args: []), texts)
        }

        private static func synonyms(of action: ActionId) -> [MsgId] {
            action == .connectDevice ? [.labelConnect, .labelStart] : []
        }
    }

    /// Something to type into.
    public struct Entry: Equatable, Sendable {
        /// What is typed.
        public let kind: FieldKind
        /// Its label, always visible.
        public let label: String
        /// What is expected.
        public let hint: String
        /// What is wrong with it.
        public let error: String?
        /// Whether a password is shown in clear.
        public let revealed: Bool

        /// What the screen reader says after the label: first what is wrong.
        public var spokenHint: String {
            [error, hint].compactMap { $0 }.joined(separator: " ")
        }
    }

    /// A network to choose.
    public struct Network: Equatable, Sendable, Identifiable {
        /// Its position, by which it is chosen.
        public let id: Int
        /// Its name.
        public let name: String
        /// Whether the button would use it.
        public let selected: Bool
    }

    /// Number of the screen.
    public let seq: UInt64
    /// The heading.
    public let title: String
    /// What is so, then what to do.
    public let status: String
    /// A quiet second line.
    public let detail: String?
    /// What to type into.
    public let entry: Entry?
    /// What to choose from.
    public let networks: [Network]
    /// The large button; never disabled.
    public let primary: Control
    /// The other controls, in order.
    public let secondary: [Control]
    /// The help that is open.
    public let help: String?
    /// Something is under way and nothing is asked of the person.
    public let busy: Bool

    /// The picture of a screen.
    public init(_ screen: Screen, texts: Texts) {
        func control(_ action: Action) -> Control {
            Control(action.id, label: action.label, texts)
        }
        seq = screen.seq
        title = texts.text(screen.title)
        status = texts.text(screen.status)
        detail = screen.detail.map(texts.text)
        entry = screen.field.map { field in
            Entry(
                kind: field.kind,
                label: texts.text(field.label),
                hint: texts.text(field.hint),
                error: field.error.map(texts.text),
                revealed: field.revealed)
        }
        networks = Self.networks(of: screen.step, texts)
        primary = control(screen.primary)
        secondary = screen.secondary.map(control)
        help = screen.help.map(texts.text)
        busy = screen.busy
    }

    /// Every node that can have the focus, in the order of reading.
    public var nodes: [Node] {
        var nodes: [Node] = [.title, .status]
        if detail != nil { nodes.append(.detail) }
        if let entry {
            nodes.append(.field)
            if entry.kind == .counts { nodes += [.group(1), .group(2)] }
        }
        nodes += networks.map { .network($0.id) }
        nodes.append(.primary)
        nodes += secondary.map { .control($0.id) }
        if help != nil { nodes.append(.help) }
        return nodes
    }

    /// The control that ends the attempt, if there is one: for the escape gesture.
    public var cancel: Control? {
        secondary.first { $0.id == .cancel }
    }

    private static func networks(of step: Step, _ texts: Texts) -> [Network] {
        guard case .networkList(let items, let selected) = step else { return [] }
        return items.enumerated().map { position, item in
            let name = item.ssid.isEmpty ? texts.text(Msg(id: .unnamedNetwork, args: [])) : item.ssid
            return Network(id: position, name: name, selected: selected.map(Int.init) == position)
        }
    }
}

/// A place on the screen that can have the focus.
public enum Node: Hashable, Sendable {
    case title
    case status
    case detail
    /// The field; of several the first.
    case field
    /// A further group of signals to count.
    case group(Int)
    case network(Int)
    case primary
    case control(ActionId)
    case help
}

extension Picture {
    /// Where the focus goes when `screen` appears with the focus at `focus`; nowhere when `nil`.
    func focus(after screen: Screen, from focus: Node?) -> Node? {
        switch screen.focus {
        case .title:
            return .title
        case .field:
            return .field
        case .titleIfLost:
            guard let focus else { return nil }
            return nodes.contains(focus) ? nil : .title
        case nil:
            return nil
        }
    }
}
