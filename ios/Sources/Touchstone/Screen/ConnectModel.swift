import Foundation
import TouchstoneFFI

#if canImport(Combine)
import Combine
#endif

/// The person's side of a running attempt, as the model needs it.
public protocol PersonsActs: AnyObject, Sendable {
    /// A control of the screen with this number was activated.
    func press(action: ActionId, seq: UInt64)
    /// The present content of the password field.
    func password(typed: String)
    /// An entry of the list of networks was chosen.
    func selectNetwork(index: UInt32)
    /// The name of a network was typed.
    func typeNetwork(name: String, secured: Bool)
    /// The numbers of signals that were counted.
    func counts(first: UInt8, second: UInt8, third: UInt8)
    /// What the person uses, now.
    func setContext(context: A11yContext)
    /// `false` while a system dialog or the keyboard opens, or the app is in the background.
    func uiReady(ready: Bool)
    /// Whether an announcement was spoken to its end.
    func said(id: UInt64, delivered: Bool)
    /// The person came back to the app.
    func resume()
    /// The person has left: everything is rolled back.
    func cancel()
}

/// What the platform does for the model.
@MainActor
public protocol Performer: AnyObject {
    /// Gives this to the screen reader.
    func announce(_ announcement: Announcement)
    /// Vibrates.
    func feel(_ haptic: Haptic)
    /// Plays a short sound.
    func play(_ earcon: Earcon)
    /// Opens the settings of this app.
    func openSettings()
}

/// The connect screen without its looks: what is drawn, where the focus goes, what is said, and what a finger does.
///
/// It decides nothing: the core does. A view draws ``ConnectModel/picture`` and calls the rest.
@MainActor
public final class ConnectModel {
    /// What is drawn; `nil` before the first screen.
    public private(set) var picture: Picture? {
        willSet { changes() }
    }
    /// Where the focus has to go; the view moves it there and calls ``ConnectModel/focusMoved(to:)``.
    public private(set) var wantedFocus: Node? {
        willSet { changes() }
    }
    /// The content of the password field. It survives a failure and is emptied at the end.
    public var password = "" {
        willSet { changes() }
    }
    /// The content of the field for a network's name.
    public var networkName = "" {
        willSet { changes() }
    }
    /// The numbers counted so far; none is chosen beforehand.
    public private(set) var counts: [Int?] = ConnectModel.noCounts {
        willSet { changes() }
    }

    #if canImport(Combine)
    public let objectWillChange = ObservableObjectPublisher()
    #endif

    static let noCounts: [Int?] = [nil, nil, nil]

    private let acts: any PersonsActs
    private let texts: Texts
    private let clock: () -> TimeInterval
    private weak var performer: (any Performer)?
    private var announcing = Announcing()
    private var focus: Node?
    /// What is being said, by what is said: the system reports by text.
    private var unreported: [(text: String, id: UInt64)] = []

    /// A model of the attempt that `acts` belongs to. `clock` gives seconds since any origin, forwards only.
    public init(
        acts: any PersonsActs,
        texts: Texts,
        performer: any Performer,
        clock: @escaping () -> TimeInterval = { ProcessInfo.processInfo.systemUptime }
    ) {
        self.acts = acts
        self.texts = texts
        self.performer = performer
        self.clock = clock
    }

    // MARK: From the core

    /// Draws this screen; it replaces the one before.
    public func show(_ screen: Screen) {
        let next = Picture(screen, texts: texts)
        if next.entry?.kind != .counts, picture?.entry?.kind == .counts {
            counts = Self.noCounts
        }
        if case .done = screen.step {
            password = ""
        }
        picture = next
        if let target = next.focus(after: screen, from: focus) {
            wantedFocus = target
        } else if let wanted = wantedFocus, !next.nodes.contains(wanted) {
            wantedFocus = nil
        }
    }

    /// Says, plays or lets the person feel something.
    public func perform(_ cue: Cue) {
        switch cue {
        case .feel(let haptic): performer?.feel(haptic)
        case .play(let earcon): performer?.play(earcon)
        case .say:
            guard let announcement = announcing.announcement(of: cue, texts: texts, now: clock()) else { return }
            if announcement.mustArrive {
                unreported.append((announcement.text, announcement.id))
            }
            performer?.announce(announcement)
        }
    }

    // MARK: From the person

    /// A control was activated.
    public func press(_ control: Picture.Control) {
        guard let picture else { return }
        handOver(picture)
        if control.id == .openSettings {
            performer?.openSettings()
        }
        acts.press(action: control.id, seq: picture.seq)
    }

    /// The large button was activated, or the magic tap was made.
    public func pressPrimary() {
        if let primary = picture?.primary {
            press(primary)
        }
    }

    /// The escape gesture was made; `false` if there is nothing to cancel, so that the view may close.
    public func escape() -> Bool {
        guard let cancel = picture?.cancel else { return false }
        press(cancel)
        return true
    }

    /// A network was chosen from the list.
    public func choose(_ network: Picture.Network) {
        guard let index = UInt32(exactly: network.id) else { return }
        acts.selectNetwork(index: index)
    }

    /// A number was chosen for a group of signals, counted from 0.
    public func count(_ number: Int, group: Int) {
        guard counts.indices.contains(group) else { return }
        counts[group] = number
    }

    /// What is typed goes to the core before the press that uses it.
    private func handOver(_ picture: Picture) {
        switch picture.entry?.kind {
        case .password: acts.password(typed: password)
        case .networkName: acts.typeNetwork(name: networkName, secured: true)
        case .counts:
            let numbers = counts.map { UInt8(clamping: $0 ?? 0) }
            acts.counts(first: numbers[0], second: numbers[1], third: numbers[2])
        case nil: break
        }
    }

    /// What a group of signals is called, counted from 0.
    public func label(ofGroup group: Int) -> String {
        texts.text(Msg(id: .fieldGroup, args: [.count(UInt32(clamping: group + 1))]))
    }

    // MARK: From the platform

    /// The view is on the screen.
    public func appeared() {
        announcing.disturbed = clock()
        acts.uiReady(ready: true)
    }

    /// The view is gone; the device is let go.
    public func disappeared() {
        password = ""
        acts.cancel()
    }

    /// The focus of the screen reader is now here.
    public func focusMoved(to node: Node?) {
        focus = node
        if node != nil, node == wantedFocus {
            announcing.disturbed = clock()
            wantedFocus = nil
        }
    }

    /// `false` while a system dialog or the keyboard opens, or the app is in the background.
    public func uiReady(_ ready: Bool) {
        acts.uiReady(ready: ready)
    }

    /// The person came back to the app.
    public func resumed() {
        announcing.disturbed = clock()
        acts.uiReady(ready: true)
        acts.resume()
    }

    /// What the person uses has changed.
    public func setContext(_ context: A11yContext) {
        acts.setContext(context: context)
    }

    /// The system has finished saying `text`, or has given it up.
    public func announcementFinished(_ text: String, delivered: Bool) {
        guard let index = unreported.firstIndex(where: { $0.text == text }) else { return }
        let id = unreported.remove(at: index).id
        acts.said(id: id, delivered: delivered)
    }

    private func changes() {
        #if canImport(Combine)
        objectWillChange.send()
        #endif
    }
}

#if canImport(Combine)
extension ConnectModel: ObservableObject {}
#endif
