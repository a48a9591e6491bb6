using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace LuoInterop.Systemd.Tests;

/// <summary>Holds random runs of a service, restarts and silent losses included, against what it was told.</summary>
public sealed class StorePropertyTests
{
    private static readonly string[] s_names = ["a", "b"];

    [Fact]
    public void WhatWasProven_IsThereAtTheNextStart_AndWhatWasRemovedIsNot()
    {
        Gen<int[]> steps = Gen.ArrayOf(Gen.Choose(0, 99));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100), Prop.ForAll(steps.ToArbitrary(), Hold));
    }

    private static void Hold(int[] steps)
    {
        using var manager = new FakeServiceManager(3);
        Dictionary<string, string> expected = [];
        manager.Start(out FileDescriptorStore store);
        try
        {
            for (int i = 0; i < steps.Length; i++)
            {
                int step = steps[i];
                string name = s_names[step % 2];
                int at = manager.Messages + (step / 2 % 4);
                MessageFault fault = (step / 8 % 4) switch { 1 => MessageFault.Drop, 2 => MessageFault.Repeat, _ => MessageFault.None };
                manager.Fault = (number, text) =>
                    number == at && text.StartsWith("FDSTORE=", StringComparison.Ordinal) ? fault : MessageFault.None;
                switch (step / 32)
                {
                    case 0 or 1:
                        Store(store, name, $"{i}", expected);
                        break;
                    case 2:
                        store.Remove(name);
                        expected.Remove(name);
                        break;
                    default:
                        store.Dispose();
                        manager.Settle();
                        if (step % 3 == 0)
                        {
                            manager.Reload();
                        }

                        manager.Start(out store);
                        Look(store, expected);
                        break;
                }
            }
        }
        finally
        {
            store.Dispose();
        }
    }

    private static void Store(FileDescriptorStore store, string name, string content, Dictionary<string, string> expected)
    {
        using Memfd file = StoreTests.Written(content);
        try
        {
            Assert.Equal(StoreProof.Proven, store.Store(name, file.Handle));
            expected[name] = content;
        }
        catch (FileDescriptorStoreException error)
        {
            // Then what was there before is there still.
            Assert.True(error.Refusal is StoreRefusal.NotKept or StoreRefusal.Full, error.Message);
        }
    }

    private static void Look(FileDescriptorStore store, Dictionary<string, string> expected)
    {
        Assert.Empty(store.Received.AmbiguousNames);
        Assert.Equal(expected.Keys.Order(), store.Received.Select(static one => one.Name).Distinct().Order());
        foreach ((string name, string content) in expected)
        {
            // Not taken: it stays in the store, and is passed again.
            Assert.Equal(content, StoreTests.Text(new Memfd(store.Received.Find(name)!.Handle)));
        }
    }
}
