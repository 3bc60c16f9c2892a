// include/quartet/stream.hpp
//
// stream<R>: the outcomes of a body over inputs that need not all be there, nor fit into memory.
//
//     for (auto& page : executor.stream(save_page, urls))   // any range, even an endless one
//         fmt::print("{} {}\n", page.index, page.value());
//
// Inputs are pulled on the thread that iterates, as results are taken: at the most stream_options::window of
// them are under way or waiting to be taken, so memory stays flat. Short tasks go to the model in chunks
// whose size follows how fast results come.
#pragma once

#include <quartet/call_options.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/call/stream_source.hpp>
#include <quartet/outcome.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace quartet::inline v0 {

/// An input range of streamed<R>. For one thread at a time; it must not outlive its executor. Dropping it
/// stops what is under way, and waits for that. One that was moved from has nothing to give: its members
/// throw std::logic_error, and so does an iterator at the end that is asked for an outcome.
template <class R>
class stream {
public:
    class iterator {
    public:
        using value_type = streamed<R>;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        explicit iterator(stream& of) noexcept : of_(&of) {}
        streamed<R>& operator*() const {
            if (!of_->current_) [[unlikely]]
                detail::misuse("an iterator at the end of a stream has no outcome");
            return *of_->current_;
        }
        streamed<R>* operator->() const { return &**this; }
        iterator& operator++() {
            of_->current_ = of_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return !of_->current_; }

    private:
        stream* of_;
    };

    explicit stream(std::unique_ptr<detail::stream_source<R>> source) noexcept : source_(std::move(source)) {}

    /// Takes the first outcome. Once; a stream can't be gone through twice.
    iterator begin() {
        current_ = next();
        return iterator(*this);
    }
    std::default_sentinel_t end() const noexcept { return {}; }

    /// The next outcome; none at the end. Waits. When all outcomes are taken, throws what the range of the
    /// inputs threw, if it did.
    std::optional<streamed<R>> next() { return source().next(); }

    /// Asks what has not ended to stop, and pulls no more inputs: those that were pulled still have outcomes.
    void stop() { source().stop(); }

private:
    detail::stream_source<R>& source() const {
        if (!source_) [[unlikely]]
            detail::misuse("this stream was moved from");
        return *source_;
    }

    std::unique_ptr<detail::stream_source<R>> source_;
    std::optional<streamed<R>> current_;
};

}  // namespace quartet::inline v0
