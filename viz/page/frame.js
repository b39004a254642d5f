(this.ontransitionrun=()=>setTimeout(()=>this.contentWindow.postMessage({ink:getComputedStyle(this).color},'*'),99))()
