import Foundation
import TouchstoneFFI

/// Something for the screen reader to say, as the platform wants to hear it.
public struct Announcement: Equatable, Sendable {
    /// How it treats other speech.
    public enum Priority: Equatable, Sendable {
        /// Waits for its turn.
        case low
        /// Cuts other speech off, and can be cut off.
        case standard
        /// Cuts other speech off, and cannot be cut off.
        case high
    }

    /// By which its fate is reported.
    public let id: UInt64
    /// What is said.
    public let text: String
    /// The language it is in.
    public let language: String
    /// How it treats other speech.
    public let priority: Priority
    /// Before iOS 17, which knows no priorities: whether it waits for its turn.
    public let queued: Bool
    /// Whether its fate is reported.
    public let mustArrive: Bool
    /// When to say it.
    public let at: TimeInterval
    /// When it is not worth saying any more.
    public let expires: TimeInterval
}

/// Turns what the core wants said into announcements.
struct Announcing {
    /// After the screen reader's own speech has begun an announcement gets lost.
    static let settling: TimeInterval = 0.5

    /// When the screen reader last began to speak by itself: the view appeared, or the focus was moved.
    var disturbed: TimeInterval = -.infinity

    /// The announcement of a cue given at `now`; `nil` for a cue that is not for the ear.
    func announcement(of cue: Cue, texts: Texts, now: TimeInterval) -> Announcement? {
        guard case .say(let id, let message, let politeness, let interrupt, let must, _, let expires) = cue else { return nil }
        return Announcement(
            id: id,
            text: texts.text(message),
            language: texts.language,
            priority: Self.priority(message.id, politeness),
            queued: !interrupt,
            mustArrive: must,
            at: max(now, disturbed + Self.settling),
            expires: now + expires)
    }

    /// That a device is not genuine must not be cut off by a finger that explores the screen.
    static func priority(_ message: MsgId, _ politeness: Politeness) -> Announcement.Priority {
        switch (message, politeness) {
        case (.notGenuine, _): return .high
        case (_, .assertive): return .standard
        case (_, .polite): return .low
        }
    }
}
