package dev.touchstone.radio

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import org.junit.jupiter.api.Test

class LinkMachineTest {
    private val log = ArrayList<String>()
    private val waiting = ArrayList<Pair<Long, () -> Unit>>()
    private var now = 0L
    private var refuses = emptySet<String>()
    private var starts = ArrayDeque<WriteStart>()
    private var service = true

    private val gatt = object : Gatt {
        private fun asked(what: String): Boolean {
            log += what
            return what !in refuses
        }

        override fun connect() = asked("connect")

        override fun requestMtu(mtu: Int) = asked("mtu $mtu")

        override fun discover() = asked("discover")

        override fun hasService() = service

        override fun subscribe() = asked("subscribe")

        override fun write(fragment: ByteArray): WriteStart {
            log += "write ${fragment[0]}"
            return starts.removeFirstOrNull() ?: WriteStart.Begun
        }

        override fun close() {
            log += "close"
        }
    }

    private val events = object : LinkEvents {
        override fun opened(fragmentSize: Int) {
            log += "opened $fragmentSize"
        }

        override fun received(fragment: ByteArray) {
            log += "received ${fragment[0]}"
        }

        override fun ended(end: LinkEnd) {
            log += "ended $end"
        }
    }

    private val machine = LinkMachine(gatt, events) { milliseconds, action -> waiting += now + milliseconds to action }

    private fun pass(milliseconds: Long) {
        val until = now + milliseconds
        while (true) {
            val next = waiting.filter { it.first <= until }.minByOrNull { it.first } ?: break
            waiting.remove(next)
            now = next.first
            next.second()
        }
        now = until
    }

    private fun expect(vararg lines: String) {
        assertContentEquals(lines.toList(), log)
        log.clear()
    }

    private fun open(mtu: Int = 517) {
        machine.connect()
        machine.connected(true)
        machine.mtuChanged(mtu, true)
        machine.discovered(true)
        machine.subscribed(true)
    }

    @Test
    fun `a link connects, asks for the largest size, discovers and subscribes, one after the other`() {
        machine.connect()
        expect("connect")
        machine.connected(true)
        expect("mtu 517")
        machine.mtuChanged(247, true)
        expect("discover")
        machine.discovered(true)
        expect("subscribe")
        machine.subscribed(true)
        expect("opened 242")
    }

    @Test
    fun `a refused size costs nothing but speed`() {
        machine.connect()
        machine.connected(true)
        machine.mtuChanged(0, false)
        machine.discovered(true)
        machine.subscribed(true)
        expect("connect", "mtu 517", "discover", "subscribe", "opened 18")
    }

    @Test
    fun `nor does a size that is not even asked for`() {
        refuses = setOf("mtu 517")
        machine.connect()
        machine.connected(true)
        expect("connect", "mtu 517", "discover")
    }

    @Test
    fun `a phone that never answers about the size is not waited for`() {
        machine.connect()
        machine.connected(true)
        pass(LinkMachine.MTU_DEADLINE)
        expect("connect", "mtu 517", "discover")
        // The late answer still counts for the size, and begins nothing twice.
        machine.mtuChanged(185, true)
        machine.discovered(true)
        machine.subscribed(true)
        expect("subscribe", "opened 180")
    }

    @Test
    fun `a size that changes later changes nothing`() {
        open()
        log.clear()
        machine.mtuChanged(23, true)
        expect()
    }

    @Test
    fun `every step has a deadline`() {
        machine.connect()
        pass(LinkMachine.CONNECT_DEADLINE)
        expect("connect", "close", "ended Lost")
    }

    @Test
    fun `a silent discovery ends the link`() {
        machine.connect()
        machine.connected(true)
        machine.mtuChanged(517, true)
        log.clear()
        pass(LinkMachine.STEP_DEADLINE)
        expect("close", "ended Lost")
    }

    @Test
    fun `a device without the service is told apart`() {
        service = false
        machine.connect()
        machine.connected(true)
        machine.mtuChanged(517, true)
        log.clear()
        machine.discovered(true)
        expect("close", "ended NoService")
    }

    @Test
    fun `the end is told once, and what comes late is ignored`() {
        open()
        log.clear()
        machine.disconnected()
        expect("close", "ended Lost")
        machine.disconnected()
        machine.connected(true)
        machine.connected(false)
        machine.mtuChanged(100, true)
        machine.discovered(true)
        machine.subscribed(true)
        machine.written(true)
        machine.notified(byteArrayOf(1))
        machine.write(byteArrayOf(1))
        pass(60_000)
        expect()
    }

    @Test
    fun `writes wait for each other`() {
        open()
        log.clear()
        machine.write(byteArrayOf(1))
        machine.write(byteArrayOf(2))
        machine.write(byteArrayOf(3))
        expect("write 1")
        machine.written(true)
        expect("write 2")
        machine.written(true)
        expect("write 3")
        machine.written(true)
        machine.written(true)
        expect()
    }

    @Test
    fun `a busy phone is asked again, and not forever`() {
        open()
        log.clear()
        starts = ArrayDeque(listOf(WriteStart.Busy, WriteStart.Busy))
        machine.write(byteArrayOf(1))
        pass(2 * LinkMachine.BUSY_PAUSE)
        expect("write 1", "write 1", "write 1")
        machine.written(true)
        starts = ArrayDeque(List(LinkMachine.BUSY_TRIES + 1) { WriteStart.Busy })
        machine.write(byteArrayOf(2))
        pass(60_000)
        assertEquals(LinkMachine.BUSY_TRIES + 3, log.size)
        assertEquals("ended Lost", log.last())
    }

    @Test
    fun `a write without an answer ends the link`() {
        open()
        log.clear()
        machine.write(byteArrayOf(1))
        pass(LinkMachine.STEP_DEADLINE)
        expect("write 1", "close", "ended Lost")
    }

    @Test
    fun `what was handed over is written before the link is closed`() {
        open()
        log.clear()
        machine.write(byteArrayOf(1))
        machine.write(byteArrayOf(2))
        machine.finish()
        expect("write 1")
        machine.written(true)
        machine.written(true)
        expect("write 2", "close")
        machine.disconnected()
        expect()
    }

    @Test
    fun `nothing is told to an owner who does not want the link any more`() {
        machine.connect()
        log.clear()
        machine.finish()
        machine.connected(true)
        pass(60_000)
        expect("close")
    }

    @Test
    fun `a device may speak before the subscription is confirmed`() {
        machine.connect()
        machine.connected(true)
        machine.mtuChanged(517, true)
        machine.discovered(true)
        log.clear()
        machine.notified(byteArrayOf(9))
        machine.subscribed(true)
        expect("opened 512", "received 9")
    }

    @Test
    fun `fragments keep to the bounds of the specification`() {
        assertEquals(18, LinkMachine.fragmentSize(0))
        assertEquals(18, LinkMachine.fragmentSize(23))
        assertEquals(512, LinkMachine.fragmentSize(517))
        assertEquals(512, LinkMachine.fragmentSize(65_535))
    }
}
