namespace LuoInterop.Emulation.Luo;

/// <summary>The state of a file-lifecycle-bound object in one kernel (<c>struct luo_flb_private</c>, include/linux/liveupdate.h).</summary>
internal sealed class LuoFlb(LiveUpdateFlb definition, KernelModule? owner)
{
    public LiveUpdateFlb Definition { get; } = definition;

    public KernelModule? Owner { get; } = owner;

    /// <summary>Gets or sets with how many handlers the object is registered.</summary>
    public int Users { get; set; }

    public State Outgoing { get; } = new();

    public State Incoming { get; } = new();

    /// <summary>One direction (<c>struct luo_flb_private_state</c>).</summary>
    internal sealed class State
    {
        /// <summary>Gets or sets the number of dependent files and holders; <see cref="Saturated"/> after it went below 0.</summary>
        public long Count { get; set; }

        /// <summary>Gets or sets the handle to the preserved state.</summary>
        public ulong Data { get; set; }

        /// <summary>Gets or sets the live object.</summary>
        public object? Object { get; set; }

        /// <summary>Gets or sets whether finish() has run.</summary>
        public bool IsFinished { get; set; }

        /// <summary>Gets or sets 0 before retrieve(), 1 after a good one, its <c>-errno</c> after a failed one.</summary>
        public int RetrieveStatus { get; set; }

        /// <summary>Gets or sets whether a callback of this direction runs: Linux holds the direction's mutex over it.</summary>
        public bool IsLocked { get; set; }

        /// <summary>Counts one down: true when that was the last.</summary>
        /// <remarks>refcount_dec_and_test() of lib/refcount.c: a count of 0 goes to a value from which it never comes back.</remarks>
        public bool DropAndTest()
        {
            if (Count <= 0)
            {
                Count = Saturated;
                return false;
            }

            return --Count == 0;
        }

        /// <summary>REFCOUNT_SATURATED of include/linux/refcount.h.</summary>
        private const long Saturated = int.MinValue / 2;
    }
}
