import TouchstoneFFI

/// One attempt to connect a device, from the first screen to the last.
///
/// Read ``Attempt/moments`` in one task and run ``Attempt/run()`` in another; or let ``TouchstoneConnect`` do both.
public final class Attempt: PersonsActs, Sendable {
    /// Something that happens on the way to a connected device.
    public enum Moment: Sendable, Equatable {
        /// Draw this; it replaces what was drawn before.
        case screen(Screen)
        /// Say, play or let the person feel this. Whoever drops every cue is still usable.
        case cue(Cue)
    }

    /// Everything that is to be shown, said, played and felt, in order. It ends with the attempt, and can be read once.
    public let moments: AsyncStream<Moment>
    private let inner: ConnectAttempt
    private let stage: Handover

    /// `witness` gets everything first, on the core's thread.
    init(_ inner: ConnectAttempt, witness: (any Stage)? = nil) {
        let (moments, continuation) = AsyncStream.makeStream(of: Moment.self)
        self.moments = moments
        self.inner = inner
        stage = Handover(continuation, witness)
    }

    /// Only the screens of ``Attempt/moments``, for an app that gives no cues.
    public var screens: AsyncCompactMapSequence<AsyncStream<Moment>, Screen> {
        moments.compactMap { moment in
            guard case .screen(let screen) = moment else { return nil }
            return screen
        }
    }

    /// Only the cues of ``Attempt/moments``.
    public var cues: AsyncCompactMapSequence<AsyncStream<Moment>, Cue> {
        moments.compactMap { moment in
            guard case .cue(let cue) = moment else { return nil }
            return cue
        }
    }

    /// Runs until the person has finished, or until the task is cancelled: then the device is told to let go, and the report of what was done so far
    /// is returned soon. Can be run once.
    ///
    /// - Throws: ``ConnectError`` only when it could not begin. What goes wrong with a device is a screen.
    public func run() async throws -> Report {
        defer { stage.end() }
        return try await withTaskCancellationHandler {
            try await inner.run(stage: stage)
        } onCancel: {
            inner.cancel()
        }
    }

    public func press(action: ActionId, seq: UInt64) { inner.press(action: action, seq: seq) }
    public func password(typed: String) { inner.password(typed: typed) }
    public func selectNetwork(index: UInt32) { inner.selectNetwork(index: index) }
    public func typeNetwork(name: String, secured: Bool) { inner.typeNetwork(name: name, secured: secured) }
    public func counts(first: UInt8, second: UInt8, third: UInt8) { inner.counts(first: first, second: second, third: third) }
    public func setContext(context: A11yContext) { inner.setContext(context: context) }
    public func uiReady(ready: Bool) { inner.uiReady(ready: ready) }
    public func said(id: UInt64, delivered: Bool) { inner.said(id: id, delivered: delivered) }
    public func resume() { inner.resume() }
    public func cancel() { inner.cancel() }
}

/// Hands screens and cues over from the core's thread.
private final class Handover: Stage, Sendable {
    private let continuation: AsyncStream<Attempt.Moment>.Continuation
    private let witness: (any Stage)?

    init(_ continuation: AsyncStream<Attempt.Moment>.Continuation, _ witness: (any Stage)?) {
        self.continuation = continuation
        self.witness = witness
    }

    func show(screen: Screen) throws {
        continuation.yield(.screen(screen))
        try witness?.show(screen: screen)
    }

    func cue(cue: Cue) throws {
        continuation.yield(.cue(cue))
        try witness?.cue(cue: cue)
    }

    func end() { continuation.finish() }
}
