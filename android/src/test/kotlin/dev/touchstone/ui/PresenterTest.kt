package dev.touchstone.ui

import dev.touchstone.Person
import dev.touchstone.Stories
import dev.touchstone.flow.A11yContext
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.Field
import dev.touchstone.flow.FieldKind
import dev.touchstone.flow.FocusTarget
import dev.touchstone.flow.Screen
import dev.touchstone.flow.Step
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import org.junit.jupiter.api.Test

class PresenterTest {
    private val did = ArrayList<String>()

    private val person = object : Person {
        override fun press(action: ActionId, seq: ULong) {
            did += "press $action $seq"
        }

        override fun password(password: String) {
            did += "password $password"
        }

        override fun selectNetwork(index: UInt) {
            did += "select $index"
        }

        override fun typeNetwork(name: String, secured: Boolean) {
            did += "name $name $secured"
        }

        override fun counts(counts: List<UByte>) {
            did += "counts $counts"
        }

        override fun setContext(context: A11yContext) = Unit

        override fun uiReady(ready: Boolean) = Unit

        override fun said(id: ULong, delivered: Boolean) = Unit

        override fun resume() = Unit
    }

    private val presenter = Presenter(person)

    private fun screens(story: String): List<Screen> = Stories.tell(story).screens

    private inline fun <reified S : Step> screen(story: String): Screen = screens(story).first { it.step is S }

    private fun typed(text: String) = Typed(text, listOf("", "", ""))

    @Test
    fun `a password goes before the press that uses it, and before no other`() {
        val asking = screen<Step.AskPassword>("success")
        presenter.show(asking)
        presenter.press(ActionId.SHOW_PASSWORD, typed("secret"))
        presenter.press(asking.primary.id, typed("secret"))
        assertEquals(listOf("press SHOW_PASSWORD ${asking.seq}", "password secret", "press CONNECT ${asking.seq}"), did)
    }

    @Test
    fun `the button is pressed with the number of the screen that is shown`() {
        val shown = screens("success")
        presenter.press(ActionId.CONNECT_DEVICE, typed(""))
        shown.take(2).forEach(presenter::show)
        presenter.press(shown[1].primary.id, typed("not asked for"))
        assertEquals(listOf("press ${shown[1].primary.id} ${shown[1].seq}"), did)
    }

    @Test
    fun `the focus moves once for each screen`() {
        val asking = screen<Step.AskPassword>("success")
        assertEquals(FocusTarget.FIELD, presenter.show(asking))
        assertNull(presenter.show(asking))
        assertNull(presenter.show(asking.copy(seq = asking.seq + 1u, focus = null)))
    }

    @Test
    fun `counts are handed over only when all three are there`() {
        val idle = screens("success").first()
        val field = Field(FieldKind.COUNTS, idle.title, idle.status, null, false)
        val counting = idle.copy(field = field)
        presenter.show(counting)
        for (wrong in listOf(listOf("1", "2", ""), listOf("1", "2", "7"), listOf("0", "1", "2"), listOf("1", "2"))) {
            presenter.press(counting.primary.id, Typed("", wrong))
        }
        presenter.press(counting.primary.id, Typed("", listOf("1", " 6", "3")))
        assertEquals(1, did.count { it.startsWith("counts") })
        assertTrue("counts [1, 6, 3]" in did)
        assertEquals(5, did.count { it.startsWith("press") })
    }

    @Test
    fun `a busy screen says on its button what is going on`() {
        val scanning = screen<Step.Scanning>("success")
        assertEquals(scanning.status, Presenter.stateDescription(scanning))
        assertNull(Presenter.stateDescription(screen<Step.AskPassword>("success")))
    }

    @Test
    fun `a list is there only to be chosen from`() {
        assertNull(Presenter.choice(screens("success").first()))
        val list = Stories.all().flatMap { it.screens }.firstOrNull { it.step is Step.NetworkList }
        val choice = assertNotNull(Presenter.choice(assertNotNull(list)))
        assertTrue(choice.items.isNotEmpty())
        presenter.choose(1)
        assertEquals(listOf("select 1"), did)
    }

    @Test
    fun `what was typed survives a wrong password and not the end`() {
        val told = screens("wrong-password")
        assertTrue(Presenter.keepsText(told.first { it.step is Step.WrongPassword }))
        assertTrue(Presenter.keepsText(told.first { it.step is Step.Joining }))
        assertEquals(false, Presenter.keepsText(told.last()))
    }

    @Test
    fun `there are never more than four controls`() {
        for (screen in Stories.all().flatMap { it.screens }) assertTrue(screen.secondary.size < 4, screen.toString())
    }
}
