using System.Text;
using MiniVmm.Control;
using MiniVmm.Handoff;
using Xunit;

namespace MiniVmm.Tests.Handoff;

public sealed class HandoffMessageTests
{
    [Fact]
    public void Message_ComesBackAsItWas()
    {
        var message = new HandoffMessage
        {
            Kind = HandoffMessage.Offer, Counter = ulong.MaxValue, StoodStill = long.MaxValue,
            Guest = new HandoffOffer("vm1", "/run/minivmm", "socket", 4, 17),
        };

        HandoffMessage read = HandoffMessage.Read(message.ToBytes(), HandoffMessage.Offer);

        Assert.Equal(message.Guest, read.Guest);
        Assert.Equal((message.Counter, message.StoodStill), (read.Counter, read.StoodStill));
    }

    [Theory]
    [InlineData(null, "has ended")]
    [InlineData("nonsense", "no message of a handoff")]
    [InlineData("{}", "no message of a handoff")]
    [InlineData("null", "no message of a handoff")]
    [InlineData("""{"kind":"ready","version":2}""", "version 2")]
    [InlineData("""{"kind":"alive","version":1}""", "'ready' is expected")]
    [InlineData("""{"kind":"ready","guest":{}}""", "no message of a handoff")]
    public void OtherMessage_IsRefusedInWords(string? text, string error) => Assert.Contains(
        error,
        Assert.ThrowsAny<ControlException>(
            () => HandoffMessage.Read(text is null ? null : Encoding.UTF8.GetBytes(text), HandoffMessage.Ready)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Failure_IsARefusal_WithItsReason() => Assert.Contains(
        "no memory",
        Assert.Throws<HandoffRefusedException>(() => HandoffMessage.Read(
            new HandoffMessage { Kind = HandoffMessage.Failed, Error = "no memory" }.ToBytes(), HandoffMessage.Ready)).Message,
        StringComparison.Ordinal);
}
